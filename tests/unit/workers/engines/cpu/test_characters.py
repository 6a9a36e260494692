"""Cleaning text of ligatures, invisible marks and unusual spaces."""

import pytest

from workers.engines.cpu.characters import clean_text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("e\ufb03cient \ufb01ne", "efficient fine"),
        ("a\u00a0b\u2003c", "a b c"),
        ("zero\u200bwidth\u202e\ufeff", "zerowidth"),
        ("cafe\u0301", "café"),
        ("\x00\x07bell", "bell"),
    ],
)
def test_clean_text_has_no_ligatures_and_no_invisible_marks(raw: str, expected: str) -> None:
    assert clean_text(raw) == expected
