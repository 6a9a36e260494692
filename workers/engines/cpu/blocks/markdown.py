"""Writes drafts as text and as the Markdown of the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from shared.domain.records.page_result import BlockType
from workers.engines.cpu.blocks import lists
from workers.engines.cpu.blocks.code import code_text
from workers.engines.cpu.blocks.emphasis import with_emphasis
from workers.engines.cpu.blocks.escaping import code_fence, escape_inline, escape_paragraph
from workers.engines.cpu.blocks.formula_parts.fractions import formula_rows
from workers.engines.cpu.blocks.formulas import description
from workers.engines.cpu.blocks.halves.early_breaks import ends_early
from workers.engines.cpu.blocks.halves.split_paragraphs import Piece, join_split_paragraphs
from workers.engines.cpu.blocks.headings import heading_levels
from workers.engines.cpu.blocks.paragraphs import join_rows, split_into_paragraphs
from workers.engines.cpu.blocks.table_of_contents import is_table_of_contents, shorten_leaders
from workers.engines.cpu.blocks.tables.writing import table_from_rows
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import group_into_rows

_FURNITURE = frozenset({"header", "footer", "page_number"})


@dataclass(frozen=True)
class WrittenBlock:
    """One block with its text, and its part of the page's Markdown ("" for none)."""

    draft: Draft
    text: str
    markdown: str


def write_blocks(drafts: Sequence[Draft]) -> list[WrittenBlock]:
    """Each of ``drafts`` (in reading order) with its text."""
    drafts = with_emphasis(drafts)
    page_text = " ".join(draft.text for draft in drafts)
    levels = heading_levels(drafts)
    texts = _texts(drafts, page_text)
    figures = [index for index, draft in enumerate(drafts) if draft.kind == "image"]
    written = []
    for index, (draft, text) in enumerate(zip(drafts, texts, strict=True)):
        markdown = "" if draft.kind in _FURNITURE else text
        if draft.kind == "image":
            words = description(draft) if draft.is_formula else ""
            markdown = f"![{words}](figure:{figures.index(index) + 1})"
        elif index in levels and text:
            markdown = f"{'#' * levels[index]} {text}"
        written.append(WrittenBlock(draft, text, markdown))
    return written


def page_markdown(blocks: Sequence[WrittenBlock]) -> str:
    """The Markdown of a page, with paragraphs that a column or figure split joined again."""
    markdown = ""
    kind_before = ""
    for piece in join_split_paragraphs(_pieces(blocks)):
        same_list = piece.kind == "list" and kind_before == "list"
        markdown += ("\n" if same_list else "\n\n") + piece.markdown
        kind_before = piece.kind
    return markdown.strip("\n")


def _pieces(blocks: Sequence[WrittenBlock]) -> Iterator[Piece]:
    drafts = [block.draft for block in blocks]
    before = None
    for draft, block in zip(drafts, blocks, strict=True):
        anew = before is not None and ends_early(before, draft, drafts)
        yield Piece(_kind_in_sentences(draft), block.markdown, anew)
        if draft.kind not in _FURNITURE and block.markdown:
            before = draft


def _kind_in_sentences(draft: Draft) -> BlockType:
    """A paragraph may go on around a figure or a margin note, and never around a formula."""
    if draft.is_margin_note:
        return "image_caption"
    return "equation" if draft.is_formula else draft.kind


def _texts(drafts: Sequence[Draft], page_text: str) -> list[str]:
    texts: list[str] = []
    for is_list, run in groupby(drafts, key=lambda draft: draft.kind == "list"):
        if is_list:
            items = [lists.list_items(group_into_rows(draft.lines), page_text) for draft in run]
            texts += lists.write_lists(items)
        else:
            texts += [_text(draft, page_text) for draft in run]
    return texts


def _text(draft: Draft, page_text: str) -> str:
    if draft.kind == "image" or (not draft.lines and not draft.html):
        return ""
    is_formula = draft.kind == "equation"
    rows = formula_rows(draft.lines) if is_formula else group_into_rows(draft.lines)
    if draft.kind in ("text", "table") and is_table_of_contents(rows):
        return "\n".join(f"- {escape_paragraph(shorten_leaders(row.rich_text))}" for row in rows)
    if draft.kind == "table":
        return draft.html or table_from_rows(rows)
    if draft.kind == "code":
        return code_fence(code_text(rows))
    if draft.kind in ("title", "sub_title") or draft.kind in _FURNITURE:
        return escape_inline(join_rows([row.rich_text for row in rows], page_text))
    parts = [[row] for row in rows] if draft.separate_rows else split_into_paragraphs(rows)
    paragraphs = [join_rows([row.rich_text for row in part], page_text) for part in parts]
    return "\n\n".join(escape_paragraph(paragraph) for paragraph in paragraphs if paragraph)
