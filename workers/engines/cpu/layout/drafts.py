"""Drafts: blocks whose text is not written yet."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from shared.domain.records.page_result import BlockType
from workers.engines.cpu.values import Box, Line

#: Types that hold running text, so that several columns may be merged in one block.
RUNNING_TEXT: frozenset[BlockType] = frozenset({"text", "list", "footnote"})


def median_size(sizes: Iterable[tuple[float, int]]) -> float:
    """The median of ``sizes``, each a font size with its number of letters; 0 for none."""
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
    """One block before its text is written; its box is in points."""

    kind: BlockType
    box: Box
    lines: tuple[Line, ...] = ()
    #: Set for tables whose grid the table model found.
    html: str = ""
    #: Whether each row is a line of its own, as in a list of labels and values.
    separate_rows: bool = False
    #: Whether a picture shows a formula, whose text describes it.
    is_formula: bool = False
    #: Whether it stands in the margin, outside of all sentences.
    is_margin_note: bool = False

    @cached_property
    def text(self) -> str:
        """The text of all lines in one string; used for decisions and never written."""
        return " ".join(line.text for line in self.lines)

    @cached_property
    def size(self) -> float:
        """The median font size of the letters in points; 0 without text."""
        return median_size((line.size, len(line.text)) for line in self.lines)

    @property
    def confidence(self) -> float | None:
        """The mean score of the recognised lines, 0 to 1; None if no line was recognised."""
        scores = [line.score for line in self.lines if line.score is not None]
        return round(sum(scores) / len(scores), 4) if scores else None
