"""A block while it is being put together: a kind, a place and the lines that belong to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from shared.domain.records import BlockType
from workers.engines.cpu.values import Box, Line


def median_size(sizes: Iterable[tuple[float, int]]) -> float:
    """The median of ``sizes``, each with the number of letters that have it; 0 without any."""
    ordered = sorted(sizes)
    half = sum(count for _, count in ordered) // 2
    passed = 0
    for size, count in ordered:
        passed += count
        if passed > half:
            return size
    return 0.0


@dataclass(frozen=True)
class Draft:
    """One block to be; ``html`` is set for tables that the table model read."""

    kind: BlockType
    box: Box
    lines: tuple[Line, ...] = ()
    html: str = ""

    @cached_property
    def text(self) -> str:
        """All words in one string, for decisions only."""
        return " ".join(line.text for line in self.lines)

    @cached_property
    def size(self) -> float:
        """The font size of most of the text, 0 where there is none."""
        return median_size((line.size, len(line.text)) for line in self.lines)

    @property
    def confidence(self) -> float | None:
        """The mean score of the lines; None where nothing was recognised."""
        scores = [line.score for line in self.lines if line.score is not None]
        return round(sum(scores) / len(scores), 4) if scores else None
