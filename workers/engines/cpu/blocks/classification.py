"""Decides what kind of block each draft of a page is."""

from collections.abc import Sequence

from workers.engines.cpu.blocks.code import with_code_apart, without_code_formulas
from workers.engines.cpu.blocks.formulas import with_pictures_of_formulas
from workers.engines.cpu.blocks.headings import classify_headings
from workers.engines.cpu.blocks.splitting import split_draft, without_text_tables
from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.embedded_blocks import split_around_blocks
from workers.engines.cpu.layout.furniture import classify_furniture
from workers.engines.cpu.layout.side_by_side.key_values import join_key_values
from workers.engines.cpu.layout.side_by_side.page_gutters import apart_at_gutters, page_gutters
from workers.engines.cpu.layout.side_by_side.paired_rows import join_pairs
from workers.engines.cpu.values import PageContent


def classified(drafts: Sequence[Draft], content: PageContent, line_height: float) -> list[Draft]:
    """``drafts`` split into blocks of one kind each, without lone marks."""
    gutters = page_gutters(content.lines)
    texts = without_text_tables(without_code_formulas(drafts), content)
    drafts = split_around_blocks(apart_at_gutters(texts, gutters))
    joined = join_pairs(drafts, gutters)
    parts = [part for draft in joined for part in split_draft(draft, content, line_height)]
    blocks = classify_furniture(join_key_values(with_code_apart(parts)), content)
    kept = [block for block in blocks if not _is_lone_mark(block)]
    return classify_headings(with_pictures_of_formulas(kept, line_height), content.height)


def _is_lone_mark(draft: Draft) -> bool:
    """Whether ``draft`` has no letter or digit: a dot, a dash or dirt."""
    return draft.kind in RUNNING_TEXT and not any(map(str.isalnum, draft.text))
