"""Finds the rows of a listing by the small numbers before them and keeps them apart from text."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, takewhile

from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Line, bounding_box

#: A number has at most so many digits; they are smaller than this part of the code's letters.
_LONGEST_NUMBER, _SMALLER = 4, 0.9


def with_numbers_apart(lines: Sequence[Line]) -> list[Line]:
    """``lines``, each small number before a row of code as a line of its own."""
    return [part for line in lines for part in _apart(line)]


def with_listings_apart(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts``, the rows of a listing with numbers apart from the text above and below them."""
    return [part for draft in drafts for part in _split(draft)]


def _apart(line: Line) -> list[Line]:
    digits = len(list(takewhile(lambda c: c.text.isdecimal(), line.characters)))
    number, code = line.characters[:digits], line.characters[digits:]
    if not 0 < digits <= _LONGEST_NUMBER or not code or not code[0].text.isspace():
        return [line]
    letters = [character for character in code if not character.text.isspace()]
    if not letters or not all(letter.monospaced for letter in letters):
        return [line]
    is_number = not any(digit.monospaced for digit in number)
    if not is_number or number[0].size >= _SMALLER * letters[0].size:
        return [line]
    return [line_of(number), line_of(code)]


def _split(draft: Draft) -> list[Draft]:
    if draft.kind not in RUNNING_TEXT:
        return [draft]
    rows = group_into_rows(draft.lines)
    runs = [(is_listing, list(run)) for is_listing, run in groupby(rows, key=_is_numbered)]
    if not any(is_listing for is_listing, _ in runs) or len(runs) == 1:
        return [draft]
    return [_part(draft, run) for _, run in runs]


def _is_numbered(row: Row) -> bool:
    """Whether ``row`` is a small number with code behind it."""
    first, *rest = row.lines
    is_number = first.text.isdecimal() and len(first.text) <= _LONGEST_NUMBER
    if not rest or not is_number or first.monospaced:
        return False
    return all(line.monospaced and first.size < _SMALLER * line.size for line in rest)


def _part(draft: Draft, rows: Sequence[Row]) -> Draft:
    lines = tuple(line for row in rows for line in row.lines)
    return replace(draft, kind="text", box=bounding_box(line.box for line in lines), lines=lines)
