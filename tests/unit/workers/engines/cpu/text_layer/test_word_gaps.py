"""Titles of spaced letters are words, and rows of single letters stay apart."""

import pytest

from workers.engines.cpu.text_layer.word_gaps import without_letter_spacing
from workers.engines.cpu.values import Box, Character


def spaced(text: str, gap: float = 6, word_gap: float = 14) -> list[Character]:
    """The letters of ``text``, each with a space after it that is only a gap."""
    characters: list[Character] = []
    left = 0.0
    for letter in text:
        if letter == " ":
            left += word_gap - gap
            continue
        characters.append(Character(letter, Box(left, 0, left + 8, 10), 8, 10))
        characters.append(Character(" ", Box(left + 8, 0, left + 8 + gap, 10), 8, 10, is_gap=True))
        left += 8 + gap
    return characters


def read(text: str) -> str:
    return "".join(one.text for one in without_letter_spacing(spaced(text))).strip()


@pytest.mark.parametrize("title", ["ANNUAL REPORT", "YEARLY SURVEY 2026", "Chapter One", "Inhalt"])
def test_spaced_letters_are_words(title: str) -> None:
    assert read(title) == title


@pytest.mark.parametrize("row", ["12345", "xaybz1", "a1b2c3"])
def test_single_letters_and_numbers_stay_apart(row: str) -> None:
    assert read(row) == " ".join(row)
