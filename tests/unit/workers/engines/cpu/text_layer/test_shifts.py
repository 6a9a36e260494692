"""The mark of a note stands at the end of its sentence."""

import pytest

from tests.support.engines.cpu_lines import styled
from workers.engines.cpu.text_layer.shifts import with_shifts

RAISED = {"baseline": 104.0, "size": 6.0}


@pytest.mark.parametrize(
    ("before", "mark", "after", "text"),
    [
        ("the long reasons. ", "12", "", "the long reasons.12"),
        ("the long reasons.) ", "1", " Then", "the long reasons.)1 Then"),
        # The mark of an affiliation belongs to the words after it, and a power to its number.
        ("the long reasons. ", "1", "Town hall", "the long reasons. 1Town hall"),
        ("the length is a ", "2", "", "the length is a 2"),
    ],
)
def test_no_space_stands_before_the_mark_of_a_note(
    before: str, mark: str, after: str, text: str
) -> None:
    characters = with_shifts(styled((before, {}), (mark, RAISED), (after, {})))

    assert "".join(character.text for character in characters) == text
    assert [own.text for own in characters if own.shift] == list(mark)
