"""A block while it is being put together: a kind, a place and the lines that belong to it."""

from dataclasses import dataclass

from shared.records import BlockType
from workers.cpu.values import Box, Line


@dataclass(frozen=True)
class Draft:
    """One block to be; ``html`` is set for tables that the table model read."""

    kind: BlockType
    box: Box
    lines: tuple[Line, ...] = ()
    html: str = ""

    @property
    def text(self) -> str:
        """All words in one string, for decisions only."""
        return " ".join(line.text for line in self.lines)

    @property
    def size(self) -> float:
        """The font size of most of the text, 0 where there is none."""
        sizes = sorted(line.size for line in self.lines for _ in line.text)
        return sizes[len(sizes) // 2] if sizes else 0.0

    @property
    def confidence(self) -> float | None:
        """The mean score of the lines; None where nothing was recognised."""
        scores = [line.score for line in self.lines if line.score is not None]
        return round(sum(scores) / len(scores), 4) if scores else None
