"""Makes a command line option of each field of PageSettings: page options that settings preset."""

from collections.abc import Iterator
from functools import cached_property
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class CommandWithPageSettings(click.Command):
    """A command with an option for each page setting.

    The options are made when the command is parsed: the records need pydantic, which takes too
    long to load for ``pagefleet --help``.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """All parameters; the page settings stand after ``--pages``."""
        params = super().get_params(ctx)
        place = 1 + next(i for i, each in enumerate(params) if each.name == "pages")
        return [*params[:place], *self._page_settings, *params[place:]]

    @cached_property
    def _page_settings(self) -> list[click.Option]:
        return list(page_setting_flags())


def page_setting_flags() -> Iterator[click.Option]:
    """One option for each field of PageSettings; unset options are None."""
    from shared.domain.records.options import PageSettings

    for name, field in PageSettings.model_fields.items():
        flag, kind = "--" + name.replace("_", "-"), _kind(field)
        if kind is bool:
            yield click.Option([flag], is_flag=True, default=None, help=_help(field))
        else:
            yield click.Option([flag], type=_parameter_type(kind, field), help=_help(field))


def _kind(field: "FieldInfo") -> Any:
    """The type of the field's value where it is set."""
    if get_origin(field.annotation) is Literal:
        return field.annotation
    kinds = [kind for kind in get_args(field.annotation) if kind is not NoneType]
    return kinds[0] if kinds else field.annotation


def _parameter_type(kind: Any, field: "FieldInfo") -> Any:
    if get_origin(kind) is Literal:
        return click.Choice(get_args(kind))
    low = next((each.ge for each in field.metadata if hasattr(each, "ge")), None)
    high = next((each.le for each in field.metadata if hasattr(each, "le")), None)
    if kind is int:
        return click.IntRange(low, high)
    return click.FloatRange(low, high) if kind is float else kind


def _help(field: "FieldInfo") -> str:
    text = field.description or ""
    shown = "" if field.default in (None, False) else f" (default: {field.default})"
    return f"{text[:1].upper()}{text[1:]}{shown}."
