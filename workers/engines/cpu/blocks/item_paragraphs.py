"""Splits a list item from its further paragraphs, where the layout model took them for one."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median_low

from workers.engines.cpu.blocks import lists
from workers.engines.cpu.blocks.paragraphs import ends_sentence
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.values import bounding_box

#: Paragraphs are further apart than rows by more than this factor.
_WIDER = 1.25
#: A paragraph is indented by more than this under the mark of its item, in font sizes.
_INDENT = 0.4
#: The first row of a paragraph may be indented by more than this instead, in font sizes.
_FIRST_ROW = 0.8
_FEWEST_ROWS = 3


def with_paragraphs_apart(draft: Draft) -> list[Draft]:
    """``draft``, a list, as its item and the paragraphs under it as text."""
    rows = group_into_rows(draft.lines)
    starts = _starts(rows) if len(rows) >= _FEWEST_ROWS else []
    if not starts:
        return [draft]
    ends = [*starts, len(rows)]
    parts = [rows[: starts[0]], *(rows[start:end] for start, end in pairwise(ends))]
    kinds = [draft, *(replace(draft, kind="text") for _ in starts)]
    return [_part(kind, part) for kind, part in zip(kinds, parts, strict=True)]


def _starts(rows: Sequence[Row]) -> list[int]:
    """The indices of the rows that begin further paragraphs of the only item in ``rows``."""
    marked = [lists.begins_item(row.text) for row in rows]
    if not marked[0] or any(marked[1:]):
        return []
    distances = [below.box.center_y - above.box.center_y for above, below in pairwise(rows)]
    widest, size = _WIDER * median_low(distances), rows[0].size
    least = rows[0].box.left + _INDENT * size
    indented = min(row.box.left for row in rows[1:]) + _FIRST_ROW * size
    starts = [
        distance > widest or row.box.left > indented
        for distance, row in zip(distances, rows[1:], strict=True)
    ]
    return [
        index
        for index, (start, above, row) in enumerate(zip(starts, rows, rows[1:], strict=False), 1)
        if start and ends_sentence(above.text)
        if row.box.left > least and not row.text[:1].islower()
    ]


def _part(draft: Draft, rows: Sequence[Row]) -> Draft:
    lines = tuple(line for row in rows for line in row.lines)
    return replace(draft, lines=lines, box=bounding_box(line.box for line in lines))
