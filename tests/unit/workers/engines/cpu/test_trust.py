"""What of a text layer is put right, and what is left as the document has it."""

import pytest

from tests.support.engines.cpu_lines import line
from workers.engines.cpu.characters import cleaned
from workers.engines.cpu.text_layer.lines import LayerLine
from workers.engines.cpu.text_layer.text_repair import mended, to_mend


def layer(text: str) -> LayerLine:
    return LayerLine(line(text), painted=True, broken=text.count("\ufffd"), font="F")


@pytest.mark.parametrize(
    ("text", "read", "expected"),
    [
        ("the e\ufffdcient way", "the efficient way", "the efficient way"),
        ("a speci!c value", "a specific value", "a specific value"),
        ("he said so", "be said so", "he said so"),
        ("\ufffd", "", "\ufffd"),
    ],
)
def test_only_impossible_characters_are_taken_from_the_picture(
    text: str, read: str, expected: str
) -> None:
    assert mended(text, read) == expected


def test_a_single_mark_inside_a_word_makes_nobody_suspicious() -> None:
    assert to_mend([layer("rock'n!roll is here"), layer("and a plain line")]) == []


def test_marks_in_many_words_are_a_broken_font() -> None:
    lines = [layer("the speci!c case"), layer("an e!cient way"), layer("a plain line")]

    assert to_mend(lines) == lines[:2]


def test_a_character_without_meaning_is_always_looked_at() -> None:
    lines = [layer("the \ufffdrst time"), layer("a plain line")]

    assert to_mend(lines) == lines[:1]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("e\ufb03cient \ufb01ne", "efficient fine"),
        ("a\u00a0b\u2003c", "a b c"),
        ("zero\u200bwidth\u202e\ufeff", "zerowidth"),
        ("cafe\u0301", "café"),
        ("\x00\x07bell", "bell"),
    ],
)
def test_text_comes_clean_of_ligatures_and_invisible_marks(raw: str, text: str) -> None:
    assert cleaned(raw) == text
