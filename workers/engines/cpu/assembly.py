"""Turns the lines, regions and tables of a page into drafts in reading order."""

from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.blocks.classification import classified
from workers.engines.cpu.blocks.code import join_code
from workers.engines.cpu.blocks.heading_parts import join_chapter_numbers
from workers.engines.cpu.blocks.lists import join_continued_items
from workers.engines.cpu.layout.captions import with_table_captions
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.furniture import headers_first
from workers.engines.cpu.layout.page_drafts import page_drafts
from workers.engines.cpu.layout.reading_order.block_order import in_reading_order
from workers.engines.cpu.layout.side_by_side.margin_notes import with_notes
from workers.engines.cpu.ocr.stray_letters import without_stray_letters
from workers.engines.cpu.values import PageContent


def drafts_of(content: PageContent) -> list[Draft]:
    """The drafts of a page in reading order, without stray letters.

    They are removed only here, because the layout model has to see every line.
    """
    return assemble(replace(content, lines=without_stray_letters(content.lines)))


def assemble(content: PageContent) -> list[Draft]:
    """All drafts of the page in reading order.

    They hold all lines of ``content`` except lone marks and text inside pictures.
    """
    page = page_drafts(content)
    blocks = classified(page.drafts, content, page.line_height)
    # The last kinds: a caption is a text that is no heading and is near a table or picture.
    blocks = with_table_captions(blocks)
    return with_notes(_ordered(blocks, page.aside, page.line_height), page.notes)


def _ordered(drafts: Sequence[Draft], aside: Sequence[Draft], line_height: float) -> list[Draft]:
    # A stamp across the page would hide the gutter between its columns.
    in_order = headers_first([*aside, *in_reading_order(drafts, line_height)])
    return join_code(join_chapter_numbers(join_continued_items(in_order, line_height)))
