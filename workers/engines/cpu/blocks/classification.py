"""Decides what kind of block each draft of a page is."""

from collections.abc import Sequence

from workers.engines.cpu.blocks.code import with_code_apart, without_code_formulas
from workers.engines.cpu.blocks.formulas import with_pictures_of_formulas
from workers.engines.cpu.blocks.headings import classify_headings
from workers.engines.cpu.blocks.splitting import split_draft, without_text_tables
from workers.engines.cpu.layout.drafts import RUNNING_TEXT, Draft
from workers.engines.cpu.layout.embedded_blocks import split_around_blocks
from workers.engines.cpu.layout.foot_notes import with_foot_notes
from workers.engines.cpu.layout.furniture import classify_furniture
from workers.engines.cpu.layout.lone_labels import with_labels_joined
from workers.engines.cpu.layout.side_by_side.key_values import join_key_values
from workers.engines.cpu.layout.side_by_side.listing_numbers import with_listings_apart
from workers.engines.cpu.layout.side_by_side.meaning_rests import join_meaning_rests
from workers.engines.cpu.layout.side_by_side.page_gutters import apart_at_gutters, page_gutters
from workers.engines.cpu.layout.side_by_side.paired_rows import join_pairs
from workers.engines.cpu.values import Line, PageContent

#: Signs that say nothing alone: bullets of lost items, and rules made of letters.
_NO_TEXT = frozenset("•·▪▫■□●○◦‣⁃∙_‗―─━═")
#: So many signs are a line of their own, such as "...".
_FEWEST_SIGNS = 3
#: A sign belongs to a row of text that is at most this far beside it, in font sizes.
_BESIDE = 12.0
_LEAST_OVERLAP = 0.5


def classified(drafts: Sequence[Draft], content: PageContent, line_height: float) -> list[Draft]:
    """``drafts`` split into blocks of one kind each, without lone marks."""
    gutters = page_gutters(content.lines)
    texts = without_text_tables(without_code_formulas(with_listings_apart(drafts)), content)
    drafts = split_around_blocks(apart_at_gutters(texts, gutters))
    joined = with_labels_joined(join_meaning_rests(join_pairs(drafts, gutters)))
    parts = [part for draft in joined for part in split_draft(draft, content, line_height)]
    parts = with_foot_notes(join_key_values(with_code_apart(parts)), content.height)
    blocks = classify_furniture(parts, content)
    kept = [block for block in blocks if not _is_lone_mark(block, content.lines)]
    return classify_headings(with_pictures_of_formulas(kept, line_height), content.height)


def _is_lone_mark(draft: Draft, lines: Sequence[Line]) -> bool:
    """Whether ``draft`` has no letter or digit and is a dot, a dash or dirt beside no text.

    A text layer has no dirt, so there several signs are a line and one sign may be a part of a row.
    """
    if draft.kind not in RUNNING_TEXT or any(map(str.isalnum, draft.text)):
        return False
    signs = draft.text.replace(" ", "")
    if draft.confidence is not None or _NO_TEXT.issuperset(signs):
        return True
    return len(signs) < _FEWEST_SIGNS and not any(
        _is_in_row(line, other) for line in draft.lines for other in lines
    )


def _is_in_row(sign: Line, text: Line) -> bool:
    """Whether ``sign`` stands beside the words of ``text``."""
    far = -sign.box.overlap_width(text.box) > _BESIDE * sign.size
    shared = sign.box.overlap_height(text.box)
    in_row = shared > _LEAST_OVERLAP * min(sign.box.height, text.box.height)
    return in_row and not far and any(map(str.isalnum, text.text))
