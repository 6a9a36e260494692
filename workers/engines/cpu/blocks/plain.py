"""Writes a page as plain rows of text, with or without their boxes."""

from collections.abc import Sequence

from shared.domain.records.page_result import Block
from workers.engines.cpu.blocks.escaping import escape_inline
from workers.engines.cpu.characters import WORD_JOINER
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.marks.plain_text import in_plain_text
from workers.engines.cpu.recognized_page import RecognizedPage


def plain_text(drafts: Sequence[Draft]) -> str:
    """All rows of the page in reading order, with an empty line between blocks."""
    parts = ["\n".join(_row_text(row) for row in group_into_rows(draft.lines)) for draft in drafts]
    return "\n\n".join(part for part in parts if part)


def plain_blocks(drafts: Sequence[Draft], page: RecognizedPage) -> tuple[Block, ...]:
    """One text block for each row, in reading order; boxes on the 0-999 scale of ``page``."""
    return tuple(_block(row, page) for draft in drafts for row in group_into_rows(draft.lines))


def _row_text(row: Row) -> str:
    return escape_inline(in_plain_text(row.rich_text).replace(WORD_JOINER, ""))


def _block(row: Row, page: RecognizedPage) -> Block:
    scores = [line.score for line in row.lines if line.score is not None]
    confidence = round(sum(scores) / len(scores), 4) if scores else None
    return Block(
        type="text", bbox=page.normalized(row.box), text=_row_text(row), confidence=confidence
    )
