"""Stored JSON keeps every character of a text, and shows no control character to a terminal."""

import json
import re

import pytest

from shared.document.control_characters import C1_AND_DIRECTION
from shared.domain.records.base import to_json
from shared.domain.records.page_result import ErrorInfo

UNSAFE = re.compile(rf"[\x00-\x09\x0b-\x1f\x7f{C1_AND_DIRECTION}]")
EVERY = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x11000))))


def test_a_record_has_no_raw_control_characters_and_the_same_value() -> None:
    written = to_json(ErrorInfo(code="internal", message=EVERY))

    assert UNSAFE.search(EVERY)
    assert UNSAFE.search(written.decode()) is None
    assert json.loads(written)["message"] == EVERY
    assert ErrorInfo.model_validate_json(written).message == EVERY


@pytest.mark.parametrize("text", ["é日本", "a‍b", "\u00a0", "😀", "עברית"])
def test_other_characters_are_written_as_they_are(text: str) -> None:
    assert text.encode() in to_json(ErrorInfo(code="internal", message=text))
