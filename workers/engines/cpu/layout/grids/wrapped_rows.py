"""Joins rows of text that are lines of one row of a table."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from workers.engines.cpu.values import Box

#: Numbers never wrap, so two in a column are two rows.
_NUMBER = re.compile(r"^[^\w]*\d[\d.,:/\s]*[^\w]*[A-Za-z%°]{0,3}[^\w]*$|^[-–—.*]+$")
#: Rows are further apart than lines of one cell by more than this factor.
_WIDER = 1.2
#: A row of the table has at most this many lines.
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
    limit = _line_distance(distances)
    if limit is not None:
        apart = [
            ruled or distance > limit for ruled, distance in zip(parted, distances, strict=True)
        ]
        groups = _groups(apart)
        if _may_be_rows(groups, rows) and _are_incomplete(groups, rows):
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


def _line_distance(distances: Sequence[float]) -> float | None:
    """The largest distance of lines in a cell; None if all distances are alike."""
    ordered = sorted(distance for distance in distances if distance > 0)
    jumps = [(after / before, before) for before, after in pairwise(ordered)]
    widest = max(jumps, default=(0.0, 0.0))
    return widest[1] * 1.05 if widest[0] > _WIDER else None


def _may_be_rows(groups: Sequence[Sequence[int]], rows: Sequence[TextRow]) -> bool:
    return all(_may_be_one(group, rows) for group in groups)


def _may_be_one(group: Sequence[int], rows: Sequence[TextRow]) -> bool:
    """Whether no column has two numbers among the lines of ``group``."""
    if len(group) > _MOST_LINES:
        return False
    columns = zip(*(rows[index].texts for index in group), strict=True)
    return all(sum(map(is_number, filter(None, column))) < 2 for column in columns)


def _are_incomplete(groups: Sequence[Sequence[int]], rows: Sequence[TextRow]) -> bool:
    following = [index for group in groups for index in group[1:]]
    incomplete = sum(not all(rows[index].texts) for index in following)
    return bool(following) and incomplete >= _INCOMPLETE * len(following)


def _continues(above: TextRow, below: TextRow) -> bool:
    """Whether ``below`` is the second line of text cells of ``above``."""
    filled = [index for index, text in enumerate(below.texts) if text]
    if not filled or below.texts[0] or any(is_number(below.texts[index]) for index in filled):
        return False
    return all(above.texts[index] and below.texts[index][0].islower() for index in filled)
