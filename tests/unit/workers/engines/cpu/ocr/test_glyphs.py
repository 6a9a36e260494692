"""Characters of recognised lines: raised and lowered ones, and the pitch of a font."""

from dataclasses import replace

from tests.support.engines.cpu_lines import letters
from workers.engines.cpu.ocr.glyphs.glyph_pitch import with_monospaced
from workers.engines.cpu.ocr.glyphs.glyph_shifts import with_shifts
from workers.engines.cpu.ocr.glyphs.line_characters import Glyph
from workers.engines.cpu.ocr.glyphs.minus_signs import with_minus_signs
from workers.engines.cpu.values import Box


def glyph(text: str, place: int, top: float = 0, bottom: float = 20) -> Glyph:
    """A character whose ink begins at ``top`` and ends at ``bottom`` pixels."""
    return Glyph(text, Box(12 * place, top, 12 * place + 10, bottom))


def shifts(*glyphs: Glyph) -> list[int]:
    """The shift of each of ``glyphs``."""
    return [one.shift for one in with_shifts(glyphs)]


def test_a_small_high_digit_is_raised_and_a_small_low_one_lowered() -> None:
    raised = [glyph("1", 0), glyph("0", 1), glyph("5", 2, -2, 10)]
    lowered = [glyph("H", 0), glyph("2", 1, 12, 25), glyph("O", 2)]

    assert shifts(*raised) == [0, 0, 1]
    assert shifts(*lowered) == [0, -1, 0]


def test_the_sign_of_a_raised_number_is_raised_too() -> None:
    assert shifts(glyph("1", 0), glyph("0", 1), glyph("-", 2, 4, 6), glyph("6", 3, -2, 10)) == [
        0, 0, 1, 1,
    ]  # fmt: skip


def test_letters_in_the_middle_of_a_word_are_not_raised() -> None:
    dirt = [glyph("b", 0), glyph("e", 1, -4, 5), glyph("d", 2)]

    assert shifts(*dirt) == [0, 0, 0]


def test_a_part_of_a_character_is_not_raised() -> None:
    cut = [glyph("1", 0), glyph("0", 1), glyph("5", 2, -2, 10)._replace(is_whole=False)]
    thin = [glyph("1", 0), glyph("0", 1), Glyph("5", Box(24, -2, 26, 10))]

    assert shifts(*cut) == shifts(*thin) == [0, 0, 0]


def test_a_raised_letter_follows_a_number_and_a_raised_digit_is_the_last() -> None:
    high = [glyph("a", 3, -2, 9)]

    assert shifts(glyph("1", 0), glyph("2", 1), *high) == [0, 0, 1]
    assert shifts(glyph("t", 0), glyph("h", 1), *high) == [0, 0, 0]
    assert shifts(glyph("1", 0, -2, 10), glyph("2", 1), glyph("0", 2)) == [0, 0, 0]


def test_letters_of_equal_distance_are_monospaced() -> None:
    code = letters("def outer(items):")
    assert with_monospaced([code])[0].monospaced

    uneven = [
        character._replace(box=character.box._replace(right=character.box.left + 1 + 4 * (n % 3)))
        for n, character in enumerate(code.characters)
    ]
    text = code.__class__(code.box, code.text, code.size, characters=tuple(uneven))
    assert not with_monospaced([text])[0].monospaced


def test_a_letter_that_was_read_as_raised_is_raised_behind_a_variable() -> None:
    before, after = glyph(" ", 0), glyph(" ", 3)

    assert shifts(before, glyph("x", 1, 6), glyph("ⁿ", 2, -2, 9), after) == [0, 0, 1, 0]
    assert shifts(glyph("a", 0, 6), glyph("x", 1, 6), glyph("ⁿ", 2, -2, 9), after) == [0, 0, 0, 0]


def test_raised_numbers_with_a_comma_between_them_are_no_decimal_number() -> None:
    word = [glyph("r", 0, 6), glyph("e", 1, 6), glyph("h", 2)]

    numbers = [glyph("1", 3, -2, 10), glyph(",", 4, 8, 12), glyph("2", 5, -2, 10)]
    assert shifts(*word, *numbers) == [0, 0, 0, 1, 1, 1]
    assert shifts(*word, glyph("1", 3, -2, 10), glyph(",", 4, 18, 24), glyph("2", 5))[3:] == [
        0, 0, 0,
    ]  # fmt: skip


def test_a_long_hyphen_before_a_number_is_a_minus_sign() -> None:
    digit = glyph("4", 2)

    def read(width: int, before: str = " ") -> str:
        sign = Glyph("-", Box(12, 9, 12 + width, 11))
        return "".join(one.text for one in with_minus_signs([glyph(before, 0), sign, digit]))

    assert read(14) == " −4"
    assert read(7) == " -4"
    assert read(14, before="1") == "1-4"


def test_short_lines_of_letters_of_one_width_are_no_code() -> None:
    assert not with_monospaced([letters("Pack spare eggs")])[0].monospaced
    listing = [letters("def outer(items):"), letters("Pack spare eggs")]
    assert all(line.monospaced for line in with_monospaced(listing))


def test_short_rows_of_code_stand_in_the_columns_of_the_rows_near_them() -> None:
    listing = [letters("def outer(items):"), letters("-8080", left=92, top=112)]
    signs = [*listing[1].characters]
    late = [one._replace(box=one.box._replace(left=one.box.left + 5, right=one.box.right + 5))
            for one in signs[1:]]  # fmt: skip
    row = replace(listing[1], characters=(signs[0], *late))

    read = with_monospaced([listing[0], row])[1]

    assert read.monospaced
    assert read.text == "- 8080"


def test_words_beside_code_that_stand_between_its_columns_are_no_code() -> None:
    code = letters("def outer(items):")
    narrow = [
        one._replace(box=Box(72 + 3.7 * n, 112, 75 + 3.7 * n, 122))
        for n, one in enumerate(letters("Pack spare").characters)
    ]
    text = replace(code, box=Box(72, 112, 109, 122), text="Pack spare", characters=tuple(narrow))

    assert not with_monospaced([code, text])[1].monospaced
