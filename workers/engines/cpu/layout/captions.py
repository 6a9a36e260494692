"""Tells table captions from figure captions and plain text."""

import re
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft

_TABLE_CAPTION = re.compile(
    r"^(table|tab\.|tableau|tabelle|tabla|表)\s*[\dIVX一二三四五六七八九十]", re.IGNORECASE
)
_FIGURE_CAPTION = re.compile(r"^(fig|图|圖|abb|photo|plate|chart)", re.IGNORECASE)


def with_table_captions(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` with the kind of every table caption set to "table_caption"."""
    return [
        replace(draft, kind="table_caption") if _is_table_caption(draft, drafts) else draft
        for draft in drafts
    ]


def _is_table_caption(draft: Draft, drafts: Sequence[Draft]) -> bool:
    is_named_table = bool(_TABLE_CAPTION.match(draft.text))
    if draft.kind == "text":
        return is_named_table and _nearest_kind(draft, drafts) == "table"
    if draft.kind != "image_caption" or _FIGURE_CAPTION.match(draft.text):
        return False
    return is_named_table or _nearest_kind(draft, drafts) == "table"


def _nearest_kind(draft: Draft, drafts: Sequence[Draft]) -> str | None:
    """The kind of the vertically nearest table or image; None if the page has neither."""
    candidates = [other for other in drafts if other.kind in ("table", "image")]
    return min(
        ((-draft.box.overlap_height(other.box), other.kind) for other in candidates),
        default=(0.0, None),
        key=lambda candidate: candidate[0],
    )[1]
