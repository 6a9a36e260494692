"""Writes the numerator and denominator of a fraction in a formula on one row."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from workers.engines.cpu.blocks.formula_parts.operator_limits import with_limits
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.values import Line, bounding_box

#: Numerator and denominator overlap by more than this part of the narrower one's width.
_LEAST_OVERLAP = 0.5
#: Both are centred: their middles are at most so far apart, in font sizes.
_SAME_MIDDLE = 1.0
#: One number or name with its exponent, which needs no brackets.
_SIMPLE = re.compile(r"^\w+[⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
#: A simple denominator with at least this many characters gets brackets: ab may be a product.
_SHORTEST_PRODUCT = 2


def formula_rows(lines: Sequence[Line]) -> list[Row]:
    """The rows of a formula, each fraction as "a / b" in its row, and limits behind operators."""
    lines = with_limits(lines)
    pairs = [pair for pair in map(partial(_fraction_parts, lines), lines) if pair is not None]
    used = [id(part) for pair in pairs for part in pair]
    others = [line for line in lines if id(line) not in used]
    return group_into_rows([*others, *(_fraction(*pair, others) for pair in pairs)])


def _fraction_parts(lines: Sequence[Line], numerator: Line) -> tuple[Line, Line] | None:
    """``numerator`` and the only line under it, if the formula continues beside their bar."""
    overlapping = [
        line for line in lines if line is not numerator and _overlaps_in_width(numerator, line)
    ]
    if len(overlapping) != 1 or overlapping[0].box.center_y <= numerator.box.center_y:
        return None
    denominator = overlapping[0]
    apart = abs(numerator.box.center_x - denominator.box.center_x)
    if apart > _SAME_MIDDLE * numerator.size:
        return None
    others = [line for line in lines if line is not numerator and line is not denominator]
    bar_y = bounding_box((numerator.box, denominator.box)).center_y
    alone = not any(line.box.overlap_width(denominator.box) > 0 for line in others)
    continues = any(line.box.top < bar_y < line.box.bottom for line in others)
    return (numerator, denominator) if alone and continues else None


def _overlaps_in_width(one: Line, other: Line) -> bool:
    narrower = min(one.box.width, other.box.width)
    return one.box.overlap_width(other.box) > _LEAST_OVERLAP * narrower


def _fraction(numerator: Line, denominator: Line, others: Sequence[Line]) -> Line:
    """The fraction as one line, at the height of the nearest of ``others`` if there is one."""
    top = _in_brackets(numerator.text, is_product=False)
    bottom = _in_brackets(denominator.text, len(denominator.text) >= _SHORTEST_PRODUCT)
    box = bounding_box((numerator.box, denominator.box))
    boxes = (line.box for line in others)
    nearest = min(boxes, key=lambda other: abs(other.center_y - box.center_y), default=box)
    row_box = box._replace(top=nearest.top, bottom=nearest.bottom)
    text = f"{top} / {bottom}"
    return replace(numerator, text=text, box=row_box, space_before=True, space_after=True)


def _in_brackets(text: str, is_product: bool) -> str:
    """``text`` in brackets if it is more than one number or name."""
    return text if _SIMPLE.match(text) and not is_product else f"({text})"
