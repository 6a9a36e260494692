"""Reads JSON that any client of the broker may have written; what does not fit is left out."""

import json
import math
from collections.abc import Collection
from typing import Any, TypeGuard

#: Above any count, size or time in seconds that pagefleet writes; exact as a float.
MAX_NUMBER = 2.0**53
#: Longest accepted text, in characters; pagefleet writes shorter ones.
MAX_TEXT = 300
#: Longest accepted record, in characters.
MAX_RECORD = 64 * 1024


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in ``text``; {} for anything else."""
    if len(text) > MAX_RECORD:
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def is_number(value: Any) -> TypeGuard[float]:
    """Whether ``value`` is a number from 0 to ``MAX_NUMBER``."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    # Compared first, because an int may be too large for a float.
    return plain and 0 <= value <= MAX_NUMBER and math.isfinite(value)


def is_short_text(value: Any) -> bool:
    """Whether ``value`` is a text of at most ``MAX_TEXT`` characters."""
    return isinstance(value, str) and len(value) <= MAX_TEXT


def numbers_and_texts(
    record: Any, numbers: Collection[str], texts: Collection[str]
) -> dict[str, Any]:
    """Those fields in ``numbers`` that are numbers, and those in ``texts`` that are short texts."""
    if not isinstance(record, dict):
        return {}
    return {
        **{name: record[name] for name in numbers if is_number(record.get(name))},
        **{name: record[name] for name in texts if is_short_text(record.get(name))},
    }
