"""Recognises list items and writes them as nested Markdown lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.engines.cpu.blocks.escaping import escape_paragraph
from workers.engines.cpu.blocks.paragraphs import ends_sentence, join_rows
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.marks.signs import without_marks, without_start
from workers.engines.cpu.values import bounding_box

_BULLETS = "•·▪▫■□◦○●‣⁃∙◆◇►▶▸➢➤✦❖\uf0b7\uf0a7\uf0d8\ufffd"
#: Check boxes and ticks begin an item and are a part of what it says.
_BOXES = {"☑": "[x]", "☒": "[x]", **dict.fromkeys("☐❏❐❑❒", "[ ]")}
_TICKS = "✓✔✕✖✗✘"
_BOX_START = re.compile(rf"^([{''.join(_BOXES)}{_TICKS}])\s*(?=\S)")
_BULLET_START = re.compile(rf"^(?:[{_BULLETS}]+\s*|[*–—-]\s+)(?=\S)|^[{_BULLETS}]$")
#: A bullet that is never a dash of running text.
_CLEAR_BULLET_START = re.compile(rf"^(?:[{_BULLETS}]+|[{''.join(_BOXES)}{_TICKS}])\s*\S")
_NUMBER_START = re.compile(r"^(\d{1,3})([.)])(?:\s+(?=\S)|(?=[^\s\d]))")
_LETTER_START = re.compile(r"^(?:\(?(?:[a-z]|[ivx]{1,5}|\d{1,3})\)|[a-z]\.|\[\d{1,3}\])\s+(?=\S)")
#: The number of a clause with at least three parts, which is no amount.
_CLAUSE_START = re.compile(r"^\d{1,2}(?:\.\d{1,2}){2,4}\.?\s+(?=\S)")
#: A text of at least this many rows with one bullet only is not a list.
_ROWS_OF_TEXT = 4
#: The rest of an item is indented by more than this, in median line heights.
_CONTINUATION_INDENT = 0.4
#: A meaning is indented by more than this under its term, in font sizes.
_DEFINITION_INDENT = 1.2
#: An item begins a deeper list if its left edge is more than this many font sizes further right.
_LEVEL_INDENT = 0.75
#: Deepest level of a nested list; the outermost is 0.
_DEEPEST_LEVEL = 4


@dataclass(frozen=True)
class Item:
    """One list item; its mark is "-" or a number such as "3."; edges and sizes are in points."""

    mark: str
    text: str
    left: float
    size: float


def begins_item(text: str) -> bool:
    """Whether ``text`` begins with the bullet, number or letter of a list item."""
    starts = (_BULLET_START, _BOX_START, _NUMBER_START, _LETTER_START)
    return any(start.match(text) for start in starts)


def is_bulleted(rows: Sequence[Row]) -> bool:
    """Whether a text is a list: bullets at its first and at another row, or few rows."""
    bullets = [bool(_CLEAR_BULLET_START.match(row.text)) for row in rows]
    return bool(rows) and bullets[0] and (sum(bullets) > 1 or len(rows) < _ROWS_OF_TEXT)


def is_definition(rows: Sequence[Row]) -> bool:
    """Whether ``rows`` are a term with its meaning, which is indented under it or follows it."""
    if not rows or any(begins_item(row.text) for row in rows):
        return False
    first, *others = rows
    if first.text[:1].isdigit():
        return False
    if not others:
        return len(first.lines) > 1
    return min(row.box.left for row in others) > first.box.left + _DEFINITION_INDENT * first.size


def join_continued_items(drafts: Sequence[Draft], line_height: float) -> list[Draft]:
    """``drafts`` in reading order, each split list item joined again.

    A list block without a mark continues the block above it if it is indented directly under an
    unfinished item. ``line_height`` is the median of the page, in points.
    """
    result: list[Draft] = []
    for draft in drafts:
        if result and draft.kind == "list" and _continues(result[-1], draft, line_height):
            before = result[-1]
            box = bounding_box((before.box, draft.box))
            result[-1] = replace(before, box=box, lines=before.lines + draft.lines)
        else:
            result.append(_paragraph_of_item(result, draft, line_height))
    return result


def _paragraph_of_item(before: Sequence[Draft], draft: Draft, line_height: float) -> Draft:
    """A list block without a mark as text, where it stands under the text of a marked item."""
    if draft.kind != "list" or not draft.lines or not before or before[-1].kind != "list":
        return draft
    rows = group_into_rows(before[-1].lines)
    start = group_into_rows(draft.lines)[0]
    marked = [row for row in rows if _begins_item_or_clause(row.text)]
    if _begins_item_or_clause(start.text) or not marked:
        return draft
    indented = start.box.left > marked[-1].box.left + _CONTINUATION_INDENT * line_height
    return replace(draft, kind="text") if indented else draft


def _continues(before: Draft, draft: Draft, line_height: float) -> bool:
    if before.kind != "list" or not before.lines or not draft.lines:
        return False
    rows_before = group_into_rows(before.lines)
    item, start = rows_before[0], group_into_rows(draft.lines)[0]
    gap = draft.box.top - before.box.bottom
    adjacent = -line_height < gap < line_height
    if _begins_item_or_clause(start.text) or not _begins_item_or_clause(item.text) or not adjacent:
        return False
    indented = start.box.left > item.box.left + _CONTINUATION_INDENT * line_height
    return indented and not ends_sentence(rows_before[-1].text)


def list_items(rows: Sequence[Row], page_text: str) -> list[Item]:
    """The items in ``rows`` of one list block; see ``join_rows`` for ``page_text``."""
    parts: list[list[Row]] = []
    for row in rows:
        if not parts or _begins_item_or_clause(row.text):
            parts.append([])
        parts[-1].append(row)
    return [_item(part, page_text) for part in parts]


def _begins_item_or_clause(text: str) -> bool:
    return begins_item(text) or bool(_CLAUSE_START.match(text))


def write_lists(blocks: Sequence[Sequence[Item]]) -> list[str]:
    """The Markdown of each of several adjacent list blocks, nested by the items' left edges."""
    levels = iter(_levels([item for items in blocks for item in items]))
    return ["\n".join(_item_markdown(item, next(levels)) for item in items) for items in blocks]


def _item_markdown(item: Item, level: int) -> str:
    return f"{'    ' * level}{item.mark} {escape_paragraph(item.text)}"


def _item(rows: Sequence[Row], page_text: str) -> Item:
    text = join_rows([row.rich_text for row in rows], page_text)
    plain = without_marks(text)
    mark = "-"
    if number := _NUMBER_START.match(plain):
        mark, text = number.group(1) + number.group(2), without_start(text, number.end())
    elif bullet := _BULLET_START.match(plain):
        text = without_start(text, bullet.end())
    elif box := _BOX_START.match(plain):
        text = f"{_BOXES.get(box.group(1), box.group(1))} {without_start(text, box.end())}"
    return Item(mark, text, rows[0].box.left, rows[0].size)


def _levels(items: Sequence[Item]) -> list[int]:
    """The level of each item, 0 for the outermost."""
    open_edges: list[float] = []
    levels = []
    for item in items:
        indent = _LEVEL_INDENT * item.size
        while open_edges and item.left < open_edges[-1] - indent:
            open_edges.pop()
        if not open_edges or item.left > open_edges[-1] + indent:
            open_edges.append(item.left)
        else:
            open_edges[-1] = min(open_edges[-1], item.left)
        levels.append(min(len(open_edges) - 1, _DEEPEST_LEVEL))
    return levels
