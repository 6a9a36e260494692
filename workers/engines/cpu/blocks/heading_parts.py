"""Splits merged headings and joins headings that the layout model split."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from shared.domain.records.page_result import BlockType
from workers.engines.cpu.blocks.lists import begins_item
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import Row, group_into_rows
from workers.engines.cpu.values import Line, bounding_box

#: A row that is more than this many times larger than the next is a heading of its own.
_SIZE_STEP = 1.4
#: Text below a heading is more than so many times smaller.
_SMALLER_TEXT = 1.05
#: A definition is indented by more than this under the term, in font sizes.
_DEFINITION_INDENT = 1.8
#: A text begins with a heading if at most this many rows are bold.
MOST_HEADING_ROWS = 2
_CHAPTER_NUMBER = re.compile(
    r"^((chapter|part|section|appendix|annex)\s+)?([\divx]{1,4}|[A-Z])[.:]?$", re.IGNORECASE
)


def is_chapter_number(draft: Draft) -> bool:
    """Whether ``draft`` is a heading that is only a number, such as "Chapter 4"."""
    return draft.kind in ("title", "sub_title") and bool(_CHAPTER_NUMBER.match(draft.text.strip()))


def join_chapter_numbers(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` in reading order, each chapter number joined to the heading after it."""
    result: list[Draft] = []
    for draft in drafts:
        index = next((i for i in (-1, -2) if _is_number_of(result[i:], draft)), None)
        if index is None:
            result.append(draft)
        else:
            number = result[index]
            box = bounding_box((number.box, draft.box))
            result[index] = replace(draft, box=box, lines=_in_one_row(number.lines, draft.lines))
    return result


def _is_number_of(last: Sequence[Draft], heading: Draft) -> bool:
    """Whether ``last`` is a chapter number, with at most pictures between it and ``heading``."""
    if not last or heading.kind not in ("title", "sub_title"):
        return False
    return is_chapter_number(last[0]) and all(other.kind == "image" for other in last[1:])


def _in_one_row(number: Sequence[Line], heading: Sequence[Line]) -> tuple[Line, ...]:
    first = group_into_rows(heading)[0].lines[0]
    text = " ".join(line.text for line in number)
    joined = replace(first, text=f"{text} {first.text}")
    return tuple(joined if line is first else line for line in heading)


def split_by_size(draft: Draft) -> list[Draft]:
    """``draft`` as two headings if a large row is above much smaller ones."""
    rows = group_into_rows(draft.lines)
    index = next(
        (i for i, (a, b) in enumerate(pairwise(rows), 1) if a.size > _SIZE_STEP * b.size), None
    )
    if index is None:
        return [draft]
    return [_with_rows(draft, part) for part in (rows[:index], rows[index:])]


def split_running_text(draft: Draft) -> list[Draft]:
    """``draft`` as a heading and a text if its last rows have another font and a smaller size."""
    rows = group_into_rows(draft.lines)
    fonts = [_font(row) for row in rows]
    same = len(list(takewhile(lambda font: font == fonts[0], fonts)))
    if not fonts[0] or same == len(rows) or rows[0].size <= _SMALLER_TEXT * rows[same].size:
        return [draft]
    rest = rows[same:]
    if fonts[0] in fonts[same:] or any(line.bold for row in rest for line in row.lines):
        return [draft]
    return [_with_rows(draft, rows[:same]), replace(_with_rows(draft, rest), kind="text")]


def _font(row: Row) -> str:
    """The font of most characters of ``row``; "" where it was read from the picture."""
    fonts = Counter(c.font for line in row.lines for c in line.characters if c.text.strip())
    return fonts.most_common(1)[0][0] if fonts else ""


def split_leading_heading(draft: Draft) -> list[Draft]:
    """``draft`` as a heading and a text if it begins with bold rows."""
    rows = group_into_rows(draft.lines)
    bold = len(list(takewhile(lambda row: all(line.bold for line in row.lines), rows)))
    if not 0 < bold <= MOST_HEADING_ROWS or bold == len(rows):
        return [draft]
    text = " ".join(line.text for row in rows[:bold] for line in row.lines)
    if text.endswith((".", ",", ":")) or not any(map(str.isalpha, text)) or begins_item(text):
        return [draft]
    left = min(row.box.left for row in rows[:bold])
    indent = min(row.box.left for row in rows[bold:]) - left
    # Text that is indented under bold words defines them.
    kind: BlockType = "text" if indent > _DEFINITION_INDENT * rows[0].size else "sub_title"
    heading = _with_rows(Draft(kind, draft.box), rows[:bold])
    return [heading, _with_rows(draft, rows[bold:])]


def _with_rows(draft: Draft, rows: Sequence[Row]) -> Draft:
    """``draft`` with only the lines of ``rows``, and their box."""
    lines = tuple(line for row in rows for line in row.lines)
    return replace(draft, box=bounding_box(line.box for line in lines), lines=lines)
