"""Writes blocks-to-be as blocks and as the page's Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from workers.engines.cpu.blocks import escaping, headings, lists
from workers.engines.cpu.blocks.code import code_text
from workers.engines.cpu.blocks.contents import is_contents, shortened
from workers.engines.cpu.blocks.flow import joined_across
from workers.engines.cpu.blocks.fractions import formula_rows
from workers.engines.cpu.blocks.paragraphs import join, paragraphs
from workers.engines.cpu.blocks.tables import from_rows
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import rows_of

_NOT_IN_MARKDOWN = frozenset({"header", "footer", "page_number"})


@dataclass(frozen=True)
class Written:
    """One block's Markdown; ``body`` is what the page's Markdown has of it, "" for nothing."""

    draft: Draft
    text: str
    body: str


def write(drafts: Sequence[Draft]) -> list[Written]:
    """Each of ``drafts`` in its order, with its text."""
    whole = " ".join(draft.text for draft in drafts)
    depth = headings.levels(drafts)
    texts = _texts(drafts, whole)
    figures = [place for place, draft in enumerate(drafts) if draft.kind == "image"]
    written = []
    for place, (draft, text) in enumerate(zip(drafts, texts, strict=True)):
        body = "" if draft.kind in _NOT_IN_MARKDOWN else text
        if draft.kind == "image":
            body = f"![](figure:{figures.index(place) + 1})"
        elif place in depth and text:
            body = f"{'#' * depth[place]} {text}"
        written.append(Written(draft, text, body))
    return written


def page_markdown(written: Sequence[Written]) -> str:
    """The Markdown of a page; paragraphs that a column or a figure cut are whole again."""
    markdown = ""
    before = ""
    for kind, body in joined_across([(part.draft.kind, part.body) for part in written]):
        tight = kind == "list" and before == "list"
        markdown += ("\n" if tight else "\n\n") + body
        before = kind
    return markdown.strip("\n")


def _texts(drafts: Sequence[Draft], whole: str) -> list[str]:
    texts: list[str] = []
    for is_list, run in groupby(drafts, key=lambda draft: draft.kind == "list"):
        if is_list:
            items = [lists.items_of(rows_of(draft.lines), whole) for draft in run]
            texts += lists.write_run(items)
        else:
            texts += [_text(draft, whole) for draft in run]
    return texts


def _text(draft: Draft, whole: str) -> str:
    if draft.kind == "image" or (not draft.lines and not draft.html):
        return ""
    rows = formula_rows(draft.lines) if draft.kind == "equation" else rows_of(draft.lines)
    if draft.kind in ("text", "table") and is_contents(rows):
        return "\n".join(f"- {escaping.paragraph(shortened(row.text))}" for row in rows)
    if draft.kind == "table":
        return draft.html or from_rows(rows)
    if draft.kind == "code":
        return escaping.fenced(code_text(rows))
    if draft.kind in ("title", "sub_title") or draft.kind in _NOT_IN_MARKDOWN:
        return escaping.inline(join([row.text for row in rows], whole))
    parts = [join([row.text for row in part], whole) for part in paragraphs(rows)]
    return "\n\n".join(escaping.paragraph(part) for part in parts if part)
