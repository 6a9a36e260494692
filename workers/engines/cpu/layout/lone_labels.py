"""Joins the number of an item with its text, where the layout model took them for two items."""

import re
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import group_into_rows
from workers.engines.cpu.values import bounding_box

_LABEL = re.compile(r"\(?(?:\d{1,3}|[a-z]|[ivx]{1,5})[.)]")
#: The text begins at most so many font sizes behind its label, on the same row.
_FARTHEST, _SAME_ROW = 3.0, 0.5


def with_labels_joined(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` without items that are only a label; the label begins the text beside it."""
    result = list(drafts)
    for label in drafts:
        text = _text_beside(label, result) if _is_label(label) else None
        if text is None:
            continue
        lines = (*label.lines, *text.lines)
        box = bounding_box((label.box, text.box))
        result[result.index(text)] = replace(text, kind="list", lines=lines, box=box)
        result.remove(label)
    return result


def _is_label(draft: Draft) -> bool:
    return draft.kind == "list" and _LABEL.fullmatch(draft.text.strip()) is not None


def _text_beside(label: Draft, drafts: Sequence[Draft]) -> Draft | None:
    return next((draft for draft in drafts if _begins_beside(label, draft)), None)


def _begins_beside(label: Draft, draft: Draft) -> bool:
    if draft is label or draft.kind not in ("list", "text") or not draft.lines:
        return False
    mark, row = label.lines[0].box, group_into_rows(draft.lines)[0].box
    gap = row.left - mark.right
    shared = mark.overlap_height(row)
    return 0 <= gap < _FARTHEST * label.size and shared > _SAME_ROW * mark.height
