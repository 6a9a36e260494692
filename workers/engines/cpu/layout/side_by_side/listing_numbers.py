"""Finds the rows of a listing by the small numbers before them and keeps them apart from text."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby, takewhile
from operator import itemgetter

from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Line, bounding_box

#: A number has at most so many digits; they are smaller than this part of the code's letters.
_LONGEST_NUMBER, _SMALLER = 4, 0.9
#: The numbers of a listing end at right edges so close together, in font sizes.
_ALIGNED = 0.5


def with_numbers_apart(lines: Sequence[Line]) -> list[Line]:
    """``lines``, each small number before a row of code as a line of its own."""
    return [part for line in lines for part in _apart(line)]


def with_listings_apart(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts``, the rows of a listing with numbers as code apart from the text around them."""
    rows = (row for draft in drafts for row in group_into_rows(draft.lines))
    numbers = {int(row.lines[0].text): row.lines[0] for row in rows if _is_numbered(row)}
    return [part for draft in drafts for part in _split(draft, numbers)] if numbers else [*drafts]


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


def _split(draft: Draft, numbers: Mapping[int, Line]) -> list[Draft]:
    if draft.kind not in RUNNING_TEXT:
        return [draft]
    rows = group_into_rows(draft.lines)
    listed = [_is_numbered(row) or _is_empty_row(row, numbers) for row in rows]
    if not any(listed):
        return [draft]
    runs = groupby(zip(rows, listed, strict=True), key=itemgetter(1))
    return [_part(draft, [row for row, _ in run], is_listing) for is_listing, run in runs]


def _is_empty_row(row: Row, numbers: Mapping[int, Line]) -> bool:
    """Whether ``row`` is only a number that comes before or after one of ``numbers``, in line."""
    (number, *others) = row.lines
    if others or not number.text.isdecimal() or len(number.text) > _LONGEST_NUMBER:
        return False
    near = (numbers.get(int(number.text) + step) for step in (-1, 1))
    return any(
        other is not None and abs(other.box.right - number.box.right) <= _ALIGNED * other.size
        for other in near
    )


def _is_numbered(row: Row) -> bool:
    """Whether ``row`` is a small number with code after it."""
    first, *rest = row.lines
    is_number = first.text.isdecimal() and len(first.text) <= _LONGEST_NUMBER
    if not rest or not is_number or first.monospaced:
        return False
    return all(line.monospaced and first.size < _SMALLER * line.size for line in rest)


def _part(draft: Draft, rows: Sequence[Row], is_listing: bool) -> Draft:
    lines = tuple(line for row in rows for line in row.lines)
    box = bounding_box(line.box for line in lines)
    # The numbers make the layout model see a list; real items still show their bullets.
    return replace(draft, kind="code" if is_listing else "text", box=box, lines=lines)
