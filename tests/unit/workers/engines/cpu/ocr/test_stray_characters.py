"""Removal of ideographs and accents that the recogniser reads from dirt."""

import pytest

from tests.support.engines.cpu_lines import column, markdown, page
from workers.engines.cpu.values import Line

ENGLISH = [
    "To locate a note press the key that the manual names in",
    "part three and hold it until the lamp goes out. You may",
    "locate any number of notes in this way before the end of",
    "the song and trust that they are played at their time.",
] * 2


def recognized_lines(rows: list[str]) -> list[Line]:
    return column(rows, score=0.97)


def text_of(*rows: str) -> str:
    return markdown(page(("text", recognized_lines([*ENGLISH, *rows]))))


def test_an_accent_is_removed_if_the_page_has_the_word_without_it() -> None:
    assert text_of("then löcate the last of them.").endswith("then locate the last of them.")


def test_a_word_without_a_plain_form_on_the_page_keeps_its_accents() -> None:
    assert text_of("said Professor Dabelič there.").endswith("said Professor Dabelič there.")


def test_a_language_with_accents_keeps_them() -> None:
    french = ["où est la porte à côté de la forêt", "ou la clé a été perdue près de là"] * 3

    assert markdown(page(("text", recognized_lines(french)))) == " ".join(french)


def test_text_of_a_text_layer_is_not_changed() -> None:
    rows = column([*ENGLISH, "then löcate the last of them."])

    assert "löcate" in markdown(page(("text", rows)))


@pytest.mark.parametrize("row", ["二", "then hold 了 the key."])
def test_a_lone_ideograph_on_a_latin_page_is_removed(row: str) -> None:
    assert "二" not in text_of(row)
    assert "了" not in text_of(row)


def test_ideographs_of_a_chinese_page_are_kept() -> None:
    chinese = recognized_lines(["二十一世纪的茶", "喝了"])

    assert markdown(page(("text", chinese))) == "二十一世纪的茶喝了"
