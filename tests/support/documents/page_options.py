"""Page options with values that differ from the defaults."""

from typing import Literal, get_args, get_origin

from shared.domain.records.options import PageOptions
from shared.domain.tasks import Task


def other_value(name: str) -> object:
    """A valid value of the page option ``name`` that differs from its default."""
    field = PageOptions.model_fields[name]
    kinds = {field.annotation, *get_args(field.annotation)}
    if name == "pages":
        return "1-3"
    if Task in kinds:
        return Task.OCR
    if get_origin(field.annotation) is Literal:
        return next(each for each in get_args(field.annotation) if each != field.default)
    if bool in kinds:
        return not field.default
    if int in kinds:
        return 77 if field.default is None else field.default - 1
    return "other"
