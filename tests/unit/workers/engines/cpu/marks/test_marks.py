"""Marks of raised, struck and linked characters in every kind of output."""

from typing import Any

import pytest

from workers.engines.cpu.blocks.escaping import escape_inline
from workers.engines.cpu.blocks.paragraphs import join_rows
from workers.engines.cpu.marks.cell_html import in_html
from workers.engines.cpu.marks.marking import marked
from workers.engines.cpu.marks.plain_text import in_plain_text
from workers.engines.cpu.marks.signs import without_marks
from workers.engines.cpu.marks.struck_words import with_whole_words_struck
from workers.engines.cpu.values import Box, Character

ADDRESS = "https://a.example/x_y?b=1"


def characters(text: str, **fields: Any) -> list[Character]:
    plain = Character("", Box(0, 0, 1, 1), 1, 10)
    return [plain._replace(text=letter, **fields) for letter in text]


@pytest.mark.parametrize(
    ("raised", "markdown", "plain"),
    [
        ("-6", "10⁻⁶", "10⁻⁶"),
        ("n+1", "10ⁿ⁺¹", "10ⁿ⁺¹"),
        ("st", "10<sup>st</sup>", "10^(st)"),
        ("1,2", "10<sup>1,2</sup>", "10^(1,2)"),
    ],
)
def test_raised_characters_have_unicode_forms_or_tags(
    raised: str, markdown: str, plain: str
) -> None:
    text = marked([*characters("10"), *characters(raised, shift=1)])

    assert escape_inline(text) == markdown
    assert in_plain_text(text) == plain


def test_lowered_characters_have_unicode_forms_or_tags() -> None:
    water = marked([*characters("H"), *characters("2", shift=-1), *characters("O")])
    most = marked([*characters("T"), *characters("max", shift=-1)])

    assert escape_inline(water) == "H₂O"
    assert in_html(most) == "T<sub>max</sub>"


def test_struck_words_of_two_rows_are_one_run() -> None:
    rows = [marked(characters(text, struck=True)) for text in ("thirty", "days")]

    assert escape_inline(join_rows(rows)) == "~~thirty days~~"
    assert without_marks(rows[0]) == "thirty"


def test_a_link_over_two_rows_is_one_link() -> None:
    rows = [marked(characters(text, link=ADDRESS)) for text in ("the ru-", "les")]

    assert escape_inline(join_rows(rows)) == f"[the rules]({ADDRESS})"


def test_a_divided_word_at_the_end_of_a_link_is_whole() -> None:
    rows = [marked(characters("the har-", link=ADDRESS)), marked(characters("bour is open"))]

    assert escape_inline(join_rows(rows)) == f"[the har]({ADDRESS})bour is open"


def test_a_shown_address_is_not_repeated() -> None:
    assert escape_inline(marked(characters(ADDRESS, link=ADDRESS))) == ADDRESS


def test_a_cell_has_the_address_behind_its_words() -> None:
    assert in_html(marked(characters("rules", link=ADDRESS))) == f"rules ({ADDRESS})"


def test_an_address_in_italics_over_a_line_end_is_shown_as_it_is() -> None:
    rows = [
        marked(characters(text, link="https://www.a.example/x", italic=True))
        for text in ("https://", "www.a.example/x.")
    ]

    assert escape_inline(join_rows(rows)) == "[https://www.a.example/x.](https://www.a.example/x)"


def test_emphasis_in_the_words_of_a_link_stays() -> None:
    words = [*characters("the "), *characters("rules", italic=True)]
    linked = [character._replace(link=ADDRESS) for character in words]

    assert escape_inline(marked(linked)) == f"[the *rules*]({ADDRESS})"


@pytest.mark.parametrize(
    ("before", "struck", "after", "markdown"),
    [
        ("of two year", "s on par", "ts", "of two years ~~on par~~ts"),
        ("of ", "two part", "s and", "of ~~two parts~~ and"),
        ("pai", "d 600 Euro", " now", "paid ~~600 Euro~~ now"),
        ("boat", "s", " are", "boat~~s~~ are"),
    ],
    ids=["half words", "too short", "too long", "one letter alone"],
)
def test_a_line_that_ends_near_the_end_of_a_word_strikes_whole_words(
    before: str, struck: str, after: str, markdown: str
) -> None:
    letters = [*characters(before), *characters(struck, struck=True), *characters(after)]

    assert escape_inline(marked(with_whole_words_struck(letters))) == markdown
