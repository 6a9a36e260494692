"""Writes ``docs/settings.md`` from the model itself: ``python -m shared.config.settings_doc``."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from shared.config.environment import PREFIX
from shared.config.settings import Settings

PATH = Path(__file__).parents[2] / "docs" / "settings.md"
INTRODUCTION = """\
# Settings

<!-- Written by `python -m shared.config.settings_doc`; a test compares it with the code. -->

Every setting can stand in the environment (`PAGEFLEET_` and the name in capitals), in a
`pagefleet.toml`, or, where a command has an option of that name, on the command line. The command
line wins over the environment, the environment over the file. The file is the one that
`PAGEFLEET_CONFIG` names, else `pagefleet.toml` in the working folder, else
`pagefleet/pagefleet.toml` in the XDG configuration folder. An unknown name is an error that names
the nearest known one.

```toml
# pagefleet.toml
redis_url = "redis://:password@broker:6379/0"
store = "s3://bucket/pagefleet"
max_attempts = 5
```

S3 credentials are no settings: they come from the standard chain (environment, shared files,
roles).

| setting | variable | default | meaning |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(_rows())


def _rows() -> Iterator[str]:
    for name, found in Settings.model_fields.items():
        meaning = (found.description or "").replace("|", "\\|")
        yield f"| `{name}` | `{PREFIX}{name.upper()}` | {_default(found)} | {meaning} |\n"


def _default(found: FieldInfo) -> str:
    value: Any = found.default
    if found.default_factory is not None:
        return "XDG data folder, `pagefleet`"
    if value is None:
        return "unset"
    if isinstance(value, frozenset):
        return "none"
    return f"`{value}`"


if __name__ == "__main__":
    PATH.write_text(page())
