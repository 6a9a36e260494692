"""Derives a record of optional fields, so that a list of options is written only once."""

from typing import Annotated, Any

from pydantic import create_model
from pydantic.fields import FieldInfo

from shared.domain.records.base import Record


def partial_record(name: str, *records: type[Record]) -> type[Record]:
    """A record called ``name`` with every field of ``records``; unset fields are None."""
    fields: dict[str, Any] = {
        field_name: (_optional(field), None)
        for record in records
        for field_name, field in record.model_fields.items()
    }
    return create_model(name, __base__=Record, **fields)


def _optional(field: FieldInfo) -> Any:
    kind: Any = field.annotation
    return (Annotated[(kind, *field.metadata)] if field.metadata else kind) | None
