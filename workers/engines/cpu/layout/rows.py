"""Puts pieces of text into rows, rows into columns, and a drop cap before its word."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from workers.engines.cpu.characters import CUT, is_cjk, mostly_rtl
from workers.engines.cpu.values import Box, Line, bounding

#: Pieces share a row where they overlap by this part of the lower one's height.
_SAME_ROW = 0.5
#: Pieces closer than this, in font sizes, are one word.
_TOUCHING = 0.12
#: A drop cap is this many times as high as the text beside it.
_DROP_CAP = 1.7


@dataclass(frozen=True)
class Row:
    """Pieces that stand on one line, in the order of reading."""

    lines: tuple[Line, ...]

    @property
    def box(self) -> Box:
        return bounding(line.box for line in self.lines)

    @property
    def size(self) -> float:
        return max(line.size for line in self.lines)

    @property
    def text(self) -> str:
        text = self.lines[0].text
        for before, line in zip(self.lines, self.lines[1:], strict=False):
            text += _between(before, line) + line.text
        return text + CUT if self.lines[-1].cut else text


def rows_of(lines: Sequence[Line]) -> list[Row]:
    """Rows from top to bottom."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.box.middle):
        if rows and _on_row(line, rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_row(row) for row in rows]


def median_height(lines: Sequence[Line]) -> float:
    """The usual height of a line, 1.0 where there is none."""
    return median([line.box.height for line in lines]) if lines else 1.0


def with_drop_cap(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with a tall first letter put before the row that it begins."""
    if len(lines) < 3:
        return list(lines)
    usual = median_height(lines)
    caps = [line for line in lines if _is_drop_cap(line, usual)]
    rest = [line for line in lines if line not in caps]
    if len(caps) != 1 or not rest:
        return list(lines)
    cap = caps[0]
    first = min(rest, key=lambda line: (line.box.top, line.box.left))
    if cap.box.left > first.box.left or cap.box.top > first.box.bottom:
        return list(lines)
    begun = replace(first, text=cap.text + first.text)
    return [begun if line is first else line for line in rest]


def _is_drop_cap(line: Line, usual: float) -> bool:
    return len(line.text) == 1 and line.text.isalpha() and line.box.height > _DROP_CAP * usual


def _on_row(line: Line, row: list[Line]) -> bool:
    lowest = min(line.box.height, min(other.box.height for other in row))
    others = bounding(other.box for other in row)
    if line.box.common_height(others) < _SAME_ROW * lowest:
        return False
    return all(line.box.common_width(other.box) < 0.5 * line.box.width for other in row)


def _row(lines: list[Line]) -> Row:
    backwards = mostly_rtl("".join(line.text for line in lines))
    return Row(tuple(sorted(lines, key=lambda line: line.box.left, reverse=backwards)))


def _between(before: Line, after: Line) -> str:
    if is_cjk(before.text[-1:]) and is_cjk(after.text[:1]):
        return ""
    if before.space_after or after.space_before:
        return " "
    gap = -before.box.common_width(after.box)
    return "" if gap < _TOUCHING * min(before.size, after.size) and before.score is None else " "
