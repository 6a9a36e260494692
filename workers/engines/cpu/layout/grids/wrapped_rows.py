"""Joins rows of text that are lines of one row of a table."""

import re
from collections.abc import Sequence
from itertools import compress, pairwise
from typing import NamedTuple

from workers.engines.cpu.values import Box

#: Numbers never wrap, so two in a column are two rows.
_NUMBER = re.compile(r"^[^\w]*\d[\d.,:/\s]*[^\w]*[A-Za-z%°]{0,3}[^\w]*$|^[-–—.*]+$")
#: Rows are further apart than lines of one cell by more than this factor.
_WIDER = 1.2
#: The same where the values of each row of the table stand in its first line.
_WIDER_WITH_VALUES = 1.1
#: At least this part of the rows of the table has its values there.
_MOST = 0.8
#: Lines that share more than this part of their height stand in different cells.
_ALTERNATE = 0.3
#: A cell has at most this many lines.
_MOST_LINES = 8
#: Of the lines that follow in a row, at least this part has an empty cell.
_INCOMPLETE = 0.5


class TextRow(NamedTuple):
    """One row of text: its box and the text in each column."""

    box: Box
    texts: tuple[str, ...]


def grouped_rows(rows: Sequence[TextRow], rules: Sequence[float]) -> list[list[int]]:
    """The indices of ``rows`` that are one row of the table; ``rules`` are the y of level rules."""
    parted = [_is_ruled(one, other, rules) for one, other in pairwise(rows)]
    bands = _groups(parted)
    if sum(parted) >= 3 and len(bands) > 0.3 * len(rows) and _may_be_rows(bands, rows):
        return bands
    distances = [b.box.center_y - a.box.center_y for a, b in pairwise(rows)]
    for wider, shows_rows in ((_WIDER, _are_incomplete), (_WIDER_WITH_VALUES, _have_values_first)):
        limit = _line_distance(rows, distances, wider)
        groups = _groups(
            [
                ruled or limit is None or distance > limit
                for ruled, distance in zip(parted, distances, strict=True)
            ]
        )
        if limit is not None and _may_be_rows(groups, rows) and shows_rows(groups, rows):
            return groups
    return _groups(
        [ruled or not _continues(*pair) for ruled, pair in zip(parted, pairwise(rows), strict=True)]
    )


def is_number(text: str) -> bool:
    """Whether a cell holds one number."""
    return bool(_NUMBER.match(text))


def _is_ruled(above: TextRow, below: TextRow, rules: Sequence[float]) -> bool:
    return any(above.box.center_y < y < below.box.center_y for y in rules)


def _groups(apart: Sequence[bool]) -> list[list[int]]:
    groups = [[0]]
    for index, is_apart in enumerate(apart, 1):
        if is_apart:
            groups.append([index])
        else:
            groups[-1].append(index)
    return groups


def _line_distance(
    rows: Sequence[TextRow], distances: Sequence[float], wider: float
) -> float | None:
    """The largest distance of lines in a cell; None if no distance is ``wider`` by this factor.

    Cells beside each other may have lines that alternate, which are closer than those of a cell.
    """
    alternate = [
        above.box.overlap_height(below.box) > _ALTERNATE * above.box.height
        for above, below in pairwise(rows)
    ]
    ordered = sorted(
        distance
        for distance, closer in zip(distances, alternate, strict=True)
        if distance > 0 and not closer
    )
    jumps = [(after / before, before) for before, after in pairwise(ordered)]
    widest = max(jumps, default=(0.0, 0.0))
    if widest[0] > wider:
        return widest[1] * 1.05
    return max(compress(distances, alternate), default=None)


def _may_be_rows(groups: Sequence[Sequence[int]], rows: Sequence[TextRow]) -> bool:
    return all(_may_be_one(group, rows) for group in groups)


def _may_be_one(group: Sequence[int], rows: Sequence[TextRow]) -> bool:
    """Whether no column has two numbers among the lines of ``group``."""
    columns = [*zip(*(rows[index].texts for index in group), strict=True)]
    if any(sum(map(bool, column)) > _MOST_LINES for column in columns):
        return False
    return all(sum(map(is_number, filter(None, column))) < 2 for column in columns)


def _are_incomplete(groups: Sequence[Sequence[int]], rows: Sequence[TextRow]) -> bool:
    following = [index for group in groups for index in group[1:]]
    incomplete = sum(not all(rows[index].texts) for index in following)
    return bool(following) and incomplete >= _INCOMPLETE * len(following)


def _have_values_first(groups: Sequence[Sequence[int]], rows: Sequence[TextRow]) -> bool:
    """Whether columns of numbers are filled in the first line of most groups, and only there."""
    body = groups[1:]
    values = [
        column
        for column in range(1, len(rows[0].texts))
        if sum(is_number(rows[group[0]].texts[column]) for group in body) >= _MOST * len(body)
    ]
    following = [rows[index] for group in body for index in group[1:]]
    return bool(values and following) and not any(
        row.texts[column] for row in following for column in values
    )


def _continues(above: TextRow, below: TextRow) -> bool:
    """Whether ``below`` is the second line of text cells of ``above``."""
    filled = [index for index, text in enumerate(below.texts) if text]
    if not filled or below.texts[0] or any(is_number(below.texts[index]) for index in filled):
        return False
    return all(above.texts[index] and below.texts[index][0].islower() for index in filled)
