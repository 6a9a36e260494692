"""Writes ``docs/settings.md``: ``python -m shared.config.settings_doc``."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from shared.config.engine_settings import EngineSettings
from shared.config.environment import PREFIX
from shared.config.observability_settings import ObservabilitySettings
from shared.config.settings import Settings
from shared.config.tenant_settings import TenantSettings
from shared.domain.records.options import PageSettings

PATH = Path(__file__).parents[2] / "docs" / "settings.md"
INTRODUCTION = """\
# Settings

<!-- Written by `python -m shared.config.settings_doc`; a test compares it with the code. -->

Set a setting in the environment (`PAGEFLEET_` and the name in capitals), in `pagefleet.toml`, or on
the command line where a command has an option of that name. The command line overrides the
environment, the environment overrides the file. The file is the one that `PAGEFLEET_CONFIG` names,
else `pagefleet.toml` in the working folder, else `pagefleet/pagefleet.toml` in the XDG
configuration folder. An unknown name is an error that suggests the most similar name. A command
names the file that it uses, except with `--json` or `--quiet`.

A file in the working folder is refused if another user owns it, its folder or a link to it, if
others may write to one of them, or if it holds options of a watched folder (`task`, `pages`,
`labels`, …, or page options only). Name such a file in `PAGEFLEET_CONFIG` to use it all the same.

```toml
# pagefleet.toml
redis_url = "redis://:password@broker:6379/0"
store = "s3://bucket/pagefleet"
max_attempts = 5
```

S3 credentials are not settings: they come from the standard chain of AWS (environment, shared
files, roles).
"""
PAGE_OPTIONS = """
## Page options

These settings are the defaults of new jobs. `run`, `submit` and `watch` have options of the same
names, and a `pagefleet.toml` in a watched folder may have the same keys. They are part of the job
id, and a worker's own values of them change no result.
"""
DEPLOYMENT = """
## Deployment
"""
TENANTS = """
## Tenants

[Tenants](operate.md#tenants) describes them. Set them alike on producers, workers and control
processes.
"""
ENGINES = """
## Engines
"""
OBSERVABILITY = """
## Metrics, traces and logs
"""
_HEADING = """
| setting | variable | default | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The whole page as Markdown."""
    groups = {
        TENANTS: TenantSettings.model_fields,
        ENGINES: EngineSettings.model_fields,
        OBSERVABILITY: ObservabilitySettings.model_fields,
        PAGE_OPTIONS: PageSettings.model_fields,
    }
    grouped = {name for names in groups.values() for name in names}
    own = [name for name in Settings.model_fields if name not in grouped]
    sections = ((DEPLOYMENT, own), *groups.items())
    tables = (lead + _HEADING + "".join(_rows(names)) for lead, names in sections)
    return INTRODUCTION + "".join(tables)


def _rows(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        field = Settings.model_fields[name]
        meaning = f"{field.description or ''}{_choices(field)}".replace("|", "\\|")
        yield f"| `{name}` | `{PREFIX}{name.upper()}` | {_default(field)} | {meaning} |\n"


def _choices(field: FieldInfo) -> str:
    """The values of a Literal, where the description names none of them."""
    values = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    named = any(f"{value}:" in (field.description or "") for value in values)
    return "" if named or not values else f": {', '.join(values)}"


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if field.default_factory is not None:
        return "XDG data folder, `pagefleet`"
    if value is None:
        return "unset"
    if isinstance(value, frozenset):
        return "none"
    return f"`{value}`"


if __name__ == "__main__":
    PATH.write_text(page())
