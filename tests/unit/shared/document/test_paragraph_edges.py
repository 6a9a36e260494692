"""The edges of text show what a page break divides, and what merely stands beside it."""

from shared.domain.records.page_result import BBox
from tests.support.documents.page_blocks import FOOT, FULL, body

SENTENCE = "A list that is joined by two signs of this kind has the form"
OTHER: BBox = (100, 300, 900, 400)
REST = "The second command is run only where the first one succeeds."


def test_text_that_is_set_in_on_the_next_page_is_no_rest_of_a_sentence() -> None:
    display: BBox = (150, 100, 400, 120)

    merged = body(
        [("text", FULL, SENTENCE)], [("text", display, "one && two"), ("text", OTHER, REST)]
    )

    assert f"{SENTENCE}\n\none && two\n\n{REST}" in merged


def test_the_rest_of_a_sentence_at_the_edge_of_its_column_is_joined() -> None:
    rest: BBox = (100, 100, 400, 120)

    merged = body(
        [("text", FULL, SENTENCE)], [("text", rest, "one and two."), ("text", OTHER, REST)]
    )

    assert f"{SENTENCE} one and two.\n\n{REST}" in merged


def test_narrow_text_is_no_first_half_of_a_wide_one() -> None:
    narrow: BBox = (300, 800, 500, 850)

    merged = body(
        [("text", narrow, "wide entry over three 1 2 3")], [("text", FULL, "used by it.")]
    )

    assert "1 2 3\n\nused by it." in merged


def test_a_sentence_goes_on_behind_a_note_in_the_margin() -> None:
    note: BBox = (10, 100, 90, 120)

    merged = body(
        [("text", FULL, SENTENCE)],
        [("text", note, "offset"), ("text", (100, 100, 900, 150), "that is shown here.")],
    )

    assert f"{SENTENCE} that is shown here." in merged


def test_a_further_paragraph_of_a_footnote_stays_with_it() -> None:
    merged = body(
        [
            ("text", FULL, "The harbour was closed.¹ It opened in May."),
            ("footnote", (100, 860, 900, 874), "¹ See the report of the harbour."),
            ("footnote", (97, 876, 900, 890), "Also see the letters of the town."),
        ]
    )

    assert "[^1]: See the report of the harbour. Also see the letters of the town." in merged


def test_a_note_stands_behind_the_code_that_its_sentence_leads_to() -> None:
    merged = body(
        [
            ("text", FULL, "Write these lines¹ as follows:"),
            ("code", OTHER, "```\nmake all\n```"),
            ("text", (100, 500, 900, 550), "Then it runs."),
            ("footnote", FOOT, "¹ In any order."),
        ]
    )

    assert merged == (
        "Write these lines[^1] as follows:\n\n```\nmake all\n```\n\n"
        "[^1]: In any order.\n\nThen it runs.\n"
    )
