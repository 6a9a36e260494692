"""Tells a record that a newer release wrote from one that is damaged."""

import json

from pydantic import ValidationError

from shared.domain.records.base import SCHEMA


def is_newer(data: bytes | str, error: ValidationError) -> bool:
    """Whether the record has a higher schema, or else only lacks a reader of new fields."""
    try:
        schema = json.loads(data).get("schema", SCHEMA)
    except (ValueError, AttributeError, RecursionError):
        return False
    if isinstance(schema, int) and schema > SCHEMA:
        return True
    return {each["type"] for each in error.errors()} == {"extra_forbidden"}
