"""Puts the halves of a fraction in a formula beside each other again."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from workers.engines.cpu.layout.rows import Row, rows_of
from workers.engines.cpu.values import Line, bounding

#: The halves of a fraction overlap by this part of the narrower one.
_OVER = 0.5
#: What needs no brackets: one number or name, with its index or power.
_SIMPLE = re.compile(r"^\w+[⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_SHORT = 2


def formula_rows(lines: Sequence[Line]) -> list[Row]:
    """``lines`` of a formula as rows, each fraction as "a / b" in the row that it belongs to."""
    pairs = [pair for pair in map(partial(_halves, lines), lines) if pair is not None]
    used = [id(half) for pair in pairs for half in pair]
    rest = [line for line in lines if id(line) not in used]
    return rows_of([*rest, *(_fraction(*pair, rest) for pair in pairs)])


def _halves(lines: Sequence[Line], over: Line) -> tuple[Line, Line] | None:
    """``over`` and what alone stands under it, where the formula goes on beside the two."""
    here = [line for line in lines if line is not over and _is_over(over, line)]
    if len(here) != 1 or here[0].box.middle <= over.box.middle:
        return None
    under = here[0]
    others = [line for line in lines if line is not over and line is not under]
    bar = bounding((over.box, under.box)).middle
    alone = not any(line.box.common_width(under.box) > 0 for line in others)
    goes_on = any(line.box.top < bar < line.box.bottom for line in others)
    return (over, under) if alone and goes_on else None


def _is_over(one: Line, other: Line) -> bool:
    return one.box.common_width(other.box) > _OVER * min(one.box.width, other.box.width)


def _fraction(over: Line, under: Line, beside: Sequence[Line]) -> Line:
    """Both halves as one piece, at the height of what stands ``beside`` it."""
    text = f"{_bracketed(over.text, top=True)} / {_bracketed(under.text, top=False)}"
    box = bounding((over.box, under.box))
    near = min(beside, key=lambda line: abs(line.box.middle - box.middle)).box
    flat = box._replace(top=near.top, bottom=near.bottom)
    return replace(over, text=text, box=flat, space_before=True, space_after=True)


def _bracketed(text: str, top: bool) -> str:
    if _SIMPLE.match(text) and (top or len(text) < _SHORT):
        return text
    return f"({text})"
