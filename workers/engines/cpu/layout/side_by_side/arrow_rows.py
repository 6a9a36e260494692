"""Finds rows with an arrow between two texts, such as a command and what it gives."""

from collections.abc import Sequence

from workers.engines.cpu.layout.rows import Row

_ARROWS = frozenset("→⇒⟶⟹↦⟼➔➜➝➞➡⇨")
#: At least so many rows, and this part of all rows, have an arrow with text on both sides; the
#: arrows begin within the last value of each other, in font sizes.
_FEWEST, _MOSTLY, _ALIGNED = 2, 0.65, 0.5


def are_arrow_rows(rows: Sequence[Row]) -> bool:
    """Whether most of ``rows`` have an arrow at the same place between two texts."""
    found = [(arrow, row.size) for row in rows if (arrow := _arrow_left(row)) is not None]
    if len(found) < max(_FEWEST, _MOSTLY * len(rows)):
        return False
    first, size = found[0]
    return all(abs(left - first) <= _ALIGNED * size for left, _ in found)


def _arrow_left(row: Row) -> float | None:
    """The left edge of the arrow of ``row``; None without one that stands apart between texts."""
    for line in row.lines[1:-1]:
        if line.text in _ARROWS:
            return line.box.left
    return None
