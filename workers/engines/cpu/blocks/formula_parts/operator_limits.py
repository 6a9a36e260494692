"""Writes the limits above and below a large operator, such as a sum, after it."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Line

_OPERATORS = frozenset("∑∏∐∫∮⋃⋂⋀⋁⨀⨁⨂⨄⊔")
#: Limits are smaller than this part of the operator, and stand at most so far from it, in its font
#: sizes; their middles lie closer together than the last value.
_SMALLER, _NEAR, _SAME_MIDDLE = 0.87, 0.6, 0.9


def with_limits(lines: Sequence[Line]) -> list[Line]:
    """``lines`` of a formula, each operator with its limits as an index and a power."""
    rest = list(lines)
    for operator in lines:
        limits = [line for line in rest if _is_limit(line, operator)]
        if operator.text not in _OPERATORS or not operator.characters or not limits:
            continue
        rest = [line for line in rest if not any(line is limit for limit in limits)]
        rest[next(i for i, line in enumerate(rest) if line is operator)] = _joined(operator, limits)
    return rest


def _is_limit(line: Line, operator: Line) -> bool:
    if line is operator or not line.characters or line.size >= _SMALLER * operator.size:
        return False
    apart = -line.box.overlap_height(operator.box)
    beside = abs(line.box.center_x - operator.box.center_x)
    inside = line.box.overlap_width(operator.box) > 0
    is_apart = -_NEAR * line.size < apart < _NEAR * operator.size
    not_beside = not operator.box.top < line.box.center_y < operator.box.bottom
    return inside and is_apart and not_beside and beside < _SAME_MIDDLE * operator.size


def _joined(operator: Line, limits: Sequence[Line]) -> Line:
    middle = operator.box.center_y
    characters = list(operator.characters)
    for shift in (-1, 1):
        for limit in sorted(limits, key=lambda line: line.box.left):
            if (limit.box.center_y > middle) == (shift < 0):
                inked = (c for c in limit.characters if c.text.strip())
                characters += [character._replace(shift=shift) for character in inked]
    joined = line_of(characters)
    return replace(joined, box=operator.box, size=operator.size)
