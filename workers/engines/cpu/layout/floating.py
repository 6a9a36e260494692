"""Groups lines that no region claims, parts columns, and gives captions their right name."""

import re
from collections.abc import Sequence
from dataclasses import replace

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.values import Line, bounding

#: Lines of one group: rows not further apart, columns overlapping by this part.
_ROW_GAP, _OVERLAP = 0.9, 0.3
#: Sizes of one group differ by less than this factor.
_SIZE = 1.5
_TABLE_CAPTION = re.compile(
    r"^(table|tab\.|tableau|tabelle|tabla|表)\s*[\dIVX一二三四五六七八九十]", re.IGNORECASE
)
_FIGURE_CAPTION = re.compile(r"^(fig|图|圖|abb|photo|plate|chart)", re.IGNORECASE)


def grouped(lines: Sequence[Line], unit: float) -> list[Draft]:
    """Lines that lie close under or beside each other as text blocks."""
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box.top, line.box.left)):
        near = [group for group in groups if any(_near(line, other, unit) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(member for group in near for member in group), line])
    return [Draft("text", bounding(line.box for line in group), tuple(group)) for group in groups]


def with_captions_named(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` where a caption of a table is called one."""
    return [_named(draft, drafts) for draft in drafts]


def _near(line: Line, other: Line, unit: float) -> bool:
    a, b = line.box, other.box
    if max(a.height, b.height) > _SIZE * min(a.height, b.height):
        return False
    below = -a.common_height(b) < _ROW_GAP * unit
    narrower = min(a.width, b.width)
    beside = a.common_height(b) > 0.5 * min(a.height, b.height) and -a.common_width(b) < unit
    return beside or (below and a.common_width(b) > _OVERLAP * narrower)


def _named(draft: Draft, drafts: Sequence[Draft]) -> Draft:
    if draft.kind == "text" and _TABLE_CAPTION.match(draft.text):
        return replace(draft, kind="table_caption") if _beside_table(draft, drafts) else draft
    if draft.kind != "image_caption" or _FIGURE_CAPTION.match(draft.text):
        return draft
    if _TABLE_CAPTION.match(draft.text) or _nearest(draft, drafts) == "table":
        return replace(draft, kind="table_caption")
    return draft


def _beside_table(draft: Draft, drafts: Sequence[Draft]) -> bool:
    return _nearest(draft, drafts) == "table"


def _nearest(draft: Draft, drafts: Sequence[Draft]) -> str | None:
    candidates = [other for other in drafts if other.kind in ("table", "image")]
    return min(
        ((-draft.box.common_height(other.box), other.kind) for other in candidates),
        default=(0.0, None),
        key=lambda found: found[0],
    )[1]
