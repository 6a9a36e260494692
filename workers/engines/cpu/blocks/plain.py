"""Writes a page as plain lines of text, with or without their boxes."""

from collections.abc import Iterator, Sequence

from shared.domain.records import Block
from workers.engines.cpu.blocks.escaping import inline
from workers.engines.cpu.characters import CUT
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row, rows_of
from workers.engines.cpu.recognized_page import Seen


def plain_text(drafts: Sequence[Draft]) -> str:
    """All rows of the page in reading order, an empty line between blocks."""
    parts = ["\n".join(_row_text(row) for row in rows_of(draft.lines)) for draft in drafts]
    return "\n\n".join(part for part in parts if part)


def plain_blocks(drafts: Sequence[Draft], seen: Seen) -> tuple[Block, ...]:
    """One text block for every row, in reading order."""
    return tuple(_block(row, seen) for row in _rows(drafts))


def _rows(drafts: Sequence[Draft]) -> Iterator[Row]:
    for draft in drafts:
        yield from rows_of(draft.lines)


def _row_text(row: Row) -> str:
    return inline(row.text.replace(CUT, ""))


def _block(row: Row, seen: Seen) -> Block:
    scores = [line.score for line in row.lines if line.score is not None]
    confidence = round(sum(scores) / len(scores), 4) if scores else None
    return Block(
        type="text", bbox=seen.on_grid(row.box), text=_row_text(row), confidence=confidence
    )
