"""Notes with a plain number stand at the foot of the page with that number raised in its text."""

import pytest

from tests.support.engines.cpu_lines import column, kinds, letters, page

BODY = ["The harbour was closed in winter because", "the ice was thick and the pilots were ill"]


def kind_of(label: str, note: str, mark: str, top: float = 700, size: float = 8) -> str:
    text = [*column(BODY), letters("and no ship came.", top=125, raised=mark)]
    notes = column([note, "in the archive of the town and its reservoir"], top=top, size=size)
    return dict((text, kind) for kind, text in kinds(page(("text", text), (label, notes))))[
        f"{note} in the archive of the town and its reservoir"
    ]


@pytest.mark.parametrize("label", ["text", "list-item"])
@pytest.mark.parametrize(
    ("note", "mark"),
    [
        ("5. See the report of the pilots", "5"),
        ("5 See the report of the pilots", "5"),
        # The mark of this note is on the page before.
        ("5. See the report of the pilots", "6"),
    ],
)
def test_a_small_text_with_a_raised_number_is_a_note(label: str, note: str, mark: str) -> None:
    assert kind_of(label, note, mark) == "footnote"


@pytest.mark.parametrize(
    ("mark", "top", "size"), [("", 700, 8), ("9", 700, 8), ("5", 700, 10), ("5", 200, 8)]
)
def test_an_item_is_no_note(mark: str, top: float, size: float) -> None:
    assert kind_of("list-item", "5. See the report of the pilots", mark, top, size) == "list"
