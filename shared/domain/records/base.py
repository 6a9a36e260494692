"""Base of the records that are stored or sent between processes, and the types of their fields."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.harmless_json import harmless_json

SCHEMA = 1
#: Integers up to here are exact in every reader of JSON.
_MAX_COUNT = 2**53 - 1
#: The end of the year 9999.
MAX_TIME = 253_402_300_799
Count = Annotated[int, Field(ge=0, le=_MAX_COUNT)]
#: Any number but infinity and NaN.
Finite = Annotated[float, Field(ge=-_MAX_COUNT, le=_MAX_COUNT)]
#: Seconds since the epoch, UTC.
Time = Annotated[float, Field(ge=0, le=MAX_TIME)]


def is_unset(value: object) -> bool:
    """For ``exclude_if`` of fields that earlier releases do not have, and therefore refuse."""
    return value is None


def is_default(default: str) -> Callable[[object], bool]:
    """For ``exclude_if`` of such fields with another default than None."""
    return lambda value: value == default


class Record(BaseModel):
    """Base of all records: frozen, unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def to_json(record: Record) -> bytes:
    """``record`` as UTF-8 JSON with keys in the order of its fields, safe to show."""
    return harmless_json(record.model_dump_json(by_alias=True).encode())


def to_plain(record: Record) -> dict[str, Any]:
    """``record`` as JSON-ready values, for Celery messages."""
    return record.model_dump(mode="json", by_alias=True)
