"""Repairing single characters of a text layer from the recognised text."""

import pytest

from tests.support.engines.cpu_lines import line
from workers.engines.cpu.text_layer.lines import LayerLine
from workers.engines.cpu.text_layer.text_repair import lines_to_repair, repair_texts


def layer(text: str) -> LayerLine:
    return LayerLine(line(text), unmapped=text.count("\ufffd"), font="F")


@pytest.mark.parametrize(
    ("text", "recognized", "expected"),
    [
        ("the e\ufffdcient way", "the efficient way", "the efficient way"),
        ("a speci!c value", "a specific value", "a specific value"),
        ("he said so", "be said so", "he said so"),
        ("\ufffd", "", "\ufffd"),
    ],
)
def test_only_wrong_characters_are_replaced_by_recognized_ones(
    text: str, recognized: str, expected: str
) -> None:
    assert "".join(repair_texts(list(text), recognized)) == expected


def test_a_mark_inside_a_single_word_is_not_suspicious() -> None:
    assert lines_to_repair([layer("rock'n!roll is here"), layer("and a plain line")]) == []


def test_marks_inside_words_of_several_lines_are_suspicious() -> None:
    lines = [layer("the speci!c case"), layer("an e!cient way"), layer("a plain line")]

    assert lines_to_repair(lines) == lines[:2]


def test_a_line_with_an_unmapped_character_is_always_repaired() -> None:
    lines = [layer("the \ufffdrst time"), layer("a plain line")]

    assert lines_to_repair(lines) == lines[:1]


def test_marks_in_addresses_are_not_suspicious() -> None:
    lines = [layer("see https://a.example/x#one"), layer("and www.b.example/y#two")]

    assert lines_to_repair(lines) == []
