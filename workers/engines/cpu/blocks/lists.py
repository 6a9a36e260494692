"""Recognises list items: their marks, their parts and their depth."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.engines.cpu.blocks.escaping import paragraph
from workers.engines.cpu.blocks.paragraphs import ends_sentence, join
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row, rows_of
from workers.engines.cpu.values import bounding

_GLYPHS = "•·▪▫■□◦○●‣⁃∙◆◇►▶▸➢➤✓✔✦❖\uf0b7\uf0a7\uf0d8\ufffd"
_BULLET = re.compile(rf"^(?:[{_GLYPHS}]+\s*|[*–—-]\s+)(?=\S)|^[{_GLYPHS}]$")
_GLYPH_BULLET = re.compile(rf"^[{_GLYPHS}]+\s*\S")
_NUMBER = re.compile(r"^(\d{1,3})([.)])\s*(?=\S)(?!\d)")
_LETTER = re.compile(r"^(?:\(?(?:[a-z]|[ivx]{1,5}|\d{1,3})\)|[a-z]\.|\[\d{1,3}\])\s+(?=\S)")
#: An item is deeper than another where it begins this many font sizes further right.
_DEEPER = 0.9
_DEEPEST = 4


@dataclass(frozen=True)
class Item:
    """One item: "-" or "3." as its mark, and its left edge in page units."""

    mark: str
    text: str
    left: float
    size: float


def begins_item(text: str) -> bool:
    """Whether ``text`` begins with a bullet, a number or a letter of a list."""
    return any(form.match(text) for form in (_BULLET, _NUMBER, _LETTER))


def has_bullets(rows: Sequence[Row]) -> bool:
    """Whether a text is a list in truth: bullets before two rows and before the first."""
    marked = [bool(_GLYPH_BULLET.match(row.text)) for row in rows]
    return len(rows) > 0 and marked[0] and (sum(marked) > 1 or len(rows) < 4)


def with_tails_joined(drafts: Sequence[Draft], unit: float) -> list[Draft]:
    """``drafts`` in reading order, an item's last rows given back to it.

    A list block without a mark that is indented right under a bullet, or that goes on with a
    small letter, is no item of its own; ``unit`` is the median line height.
    """
    joined: list[Draft] = []
    for draft in drafts:
        if joined and draft.kind == "list" and _is_tail(joined[-1], draft, unit):
            before = joined[-1]
            box = bounding((before.box, draft.box))
            joined[-1] = replace(before, box=box, lines=before.lines + draft.lines)
        else:
            joined.append(draft)
    return joined


def _is_tail(before: Draft, draft: Draft, unit: float) -> bool:
    if before.kind != "list" or not before.lines or not draft.lines:
        return False
    first, start = rows_of(before.lines)[0], rows_of(draft.lines)[0]
    gap = draft.box.top - before.box.bottom
    if begins_item(start.text) or not begins_item(first.text) or not -unit < gap < unit:
        return False
    indented = start.box.left > first.box.left + 0.4 * unit
    return indented and not ends_sentence(rows_of(before.lines)[-1].text)


def items_of(rows: Sequence[Row], whole: str) -> list[Item]:
    """The items that ``rows`` of one list block hold; there is at least one."""
    parts: list[list[Row]] = []
    for row in rows:
        if not parts or begins_item(row.text):
            parts.append([])
        parts[-1].append(row)
    return [_item(part, whole) for part in parts]


def write_run(blocks: Sequence[Sequence[Item]]) -> list[str]:
    """Each block of one run of list blocks as Markdown, nested by the items' left edges."""
    depths = iter(_depths([item for items in blocks for item in items]))
    return ["\n".join(_line(item, next(depths)) for item in items) for items in blocks]


def _line(item: Item, depth: int) -> str:
    return f"{'    ' * depth}{item.mark} {paragraph(item.text)}"


def _item(rows: Sequence[Row], whole: str) -> Item:
    text = join([row.text for row in rows], whole)
    mark = "-"
    if number := _NUMBER.match(text):
        mark, text = number.group(1) + number.group(2), text[number.end() :]
    elif bullet := _BULLET.match(text):
        text = text[bullet.end() :]
    return Item(mark, text, rows[0].box.left, rows[0].size)


def _depths(items: Sequence[Item]) -> list[int]:
    open_at: list[float] = []
    depths = []
    for item in items:
        while open_at and item.left < open_at[-1] - _DEEPER * item.size:
            open_at.pop()
        if not open_at or item.left > open_at[-1] + _DEEPER * item.size:
            open_at.append(item.left)
        elif open_at:
            open_at[-1] = min(open_at[-1], item.left)
        depths.append(min(len(open_at) - 1, _DEEPEST))
    return depths
