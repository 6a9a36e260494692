"""Finds the numbers at the margin that count the lines of a page, as in pleadings and laws."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from workers.engines.cpu.values import Line

#: A column of line numbers has at least this many numbers; most follow on the one above.
_FEWEST, _MOSTLY = 8, 0.9
#: Numbers of one column end or begin at most this far apart, in font sizes.
_SAME_EDGE = 0.6
_LONGEST = 3


def split_line_numbers(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """``lines`` without line numbers, and the line numbers; the second may be empty."""
    numbers = [line for line in lines if line.text.isdecimal() and len(line.text) <= _LONGEST]
    if len(numbers) < _FEWEST:
        return list(lines), []
    for column in (_column(numbers, min), _column(numbers, max)):
        others = [line for line in lines if line not in column]
        if _count_lines(column) and _is_at_margin(column, others):
            return others, column
    return list(lines), []


def _column(numbers: Sequence[Line], outermost: Callable[[Iterable[float]], float]) -> list[Line]:
    edge = outermost(line.box.center_x for line in numbers)
    near = [line for line in numbers if abs(line.box.center_x - edge) < 2 * line.size]
    rights = sorted(line.box.right for line in near)
    right = rights[len(rights) // 2]
    return [
        line
        for line in near
        if abs(line.box.right - right) < _SAME_EDGE * line.size
        or abs(line.box.left - near[0].box.left) < _SAME_EDGE * line.size
    ]


def _count_lines(column: Sequence[Line]) -> bool:
    """Whether the numbers go up by one, or by five, from top to bottom."""
    values = [int(line.text) for line in sorted(column, key=lambda line: line.box.top)]
    steps = [after - before for before, after in pairwise(values)]
    usual = max((1, 5), key=steps.count)
    return len(values) >= _FEWEST and steps.count(usual) >= _MOSTLY * len(steps)


def _is_at_margin(column: Sequence[Line], others: Sequence[Line]) -> bool:
    """Whether all other text lies on one side of the numbers, most of it beside them."""
    left = min(line.box.left for line in column)
    right = max(line.box.right for line in column)
    top, bottom = column[0].box.top, column[0].box.bottom
    for line in column:
        top, bottom = min(top, line.box.top), max(bottom, line.box.bottom)
    beside = [line for line in others if top < line.box.center_y < bottom]
    words = sum(len(line.text.split()) for line in beside)
    is_text = words > 3 * len(beside) > 0
    return is_text and (
        all(line.box.left >= right - 1 for line in beside)
        or all(line.box.right <= left + 1 for line in beside)
    )
