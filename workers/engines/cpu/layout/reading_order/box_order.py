"""Sorts boxes into reading order: a recursive cut at column gutters and at gaps between rows."""

from collections.abc import Callable, Sequence

from workers.engines.cpu.layout.reading_order.insets import find_insets
from workers.engines.cpu.values import Box

#: Boxes are shrunk by this on each side, in median line heights, to separate touching ones.
_SHRINK = 0.3
#: Narrowest gutter between columns, in median line heights.
_GUTTER = 0.4
#: Smallest gap between rows, in median line heights.
_ROW_GAP = 0.0
#: A part narrower than the first (of the widest part) and with less text height than the
#: second (of the fullest part) is a margin and not a column.
_MARGIN_WIDTH, _MARGIN_FILL = 0.6, 0.25
#: Deeper parts are sorted by position: only a page made to exhaust the stack nests as deep.
_DEEPEST = 60


def reading_order(boxes: Sequence[Box], line_height: float) -> list[int]:
    """Indices of ``boxes`` in reading order; ``line_height`` is the median, in points."""
    shrunk = [_shrink(box, line_height) for box in boxes]
    insets = find_insets(shrunk)
    others = [index for index in range(len(boxes)) if index not in insets]
    order = _order(shrunk, others, line_height, 0)
    for inset in sorted(insets, key=lambda index: boxes[index].top):
        order = _insert(shrunk, order, inset)
    return order


def _shrink(box: Box, line_height: float) -> Box:
    x = min(_SHRINK * line_height, box.width / 4)
    y = min(_SHRINK * line_height, box.height / 4)
    return Box(box.left + x, box.top + y, box.right - x, box.bottom - y)


def _order(boxes: Sequence[Box], members: list[int], line_height: float, depth: int) -> list[int]:
    """``members`` (indices of ``boxes``) in reading order."""
    if len(members) < 2 or depth > _DEEPEST:
        return sorted(members, key=lambda index: (boxes[index].top, boxes[index].left))
    parts = _columns(boxes, members, line_height)
    if len(parts) == 1:
        parts = _bands(boxes, members, line_height)
    if len(parts) == 1:
        return _order_around_widest(boxes, members, line_height, depth)
    return [index for part in parts for index in _order(boxes, part, line_height, depth + 1)]


def _order_around_widest(
    boxes: Sequence[Box], members: list[int], line_height: float, depth: int
) -> list[int]:
    """Order ``members`` without the widest box, then insert that one by its top."""
    widest = max(members, key=lambda index: (boxes[index].width, boxes[index].height))
    others = [index for index in members if index != widest]
    return _insert(boxes, _order(boxes, others, line_height, depth + 1), widest)


def _insert(boxes: Sequence[Box], order: list[int], new: int) -> list[int]:
    """``order`` with ``new`` before the first box that is below it."""
    below = (
        place for place, index in enumerate(order) if _is_below(boxes[index], above=boxes[new])
    )
    place = next(below, len(order))
    return [*order[:place], new, *order[place:]]


def _is_below(box: Box, above: Box) -> bool:
    return box.top >= above.top and box.overlap_width(above) > 0


def _columns(boxes: Sequence[Box], members: list[int], line_height: float) -> list[list[int]]:
    """``members`` split at vertical gutters, left to right; one part if there is a margin."""
    parts = _split_at_gaps(
        members, lambda index: (boxes[index].left, boxes[index].right), _GUTTER * line_height
    )
    return [members] if len(parts) > 1 and _has_margin(boxes, parts) else parts


def _has_margin(boxes: Sequence[Box], parts: list[list[int]]) -> bool:
    """Whether a part is only a few narrow words beside a column, such as side headings."""
    widths = [max(boxes[index].width for index in part) for part in parts]
    fills = [sum(boxes[index].height for index in part) for part in parts]
    return any(
        width < _MARGIN_WIDTH * max(widths) and fill < _MARGIN_FILL * max(fills)
        for width, fill in zip(widths, fills, strict=True)
    )


def _rows(boxes: Sequence[Box], members: list[int], line_height: float) -> list[list[int]]:
    return _split_at_gaps(
        members, lambda index: (boxes[index].top, boxes[index].bottom), _ROW_GAP * line_height
    )


def _bands(boxes: Sequence[Box], members: list[int], line_height: float) -> list[list[int]]:
    """Rows of ``members``, neighbours merged while the same gutter runs through them.

    So a two-column part under a full-width heading is read column by column, even if gaps
    between the paragraphs of both columns are at the same height.
    """
    bands: list[list[int]] = []
    for row in _rows(boxes, members, line_height):
        if bands and _have_same_columns(boxes, bands[-1], row, line_height):
            bands[-1].extend(row)
        else:
            bands.append(row)
    return bands


def _have_same_columns(
    boxes: Sequence[Box], band: list[int], row: list[int], line_height: float
) -> bool:
    together = len(_columns(boxes, band + row, line_height))
    separate = max(len(_columns(boxes, part, line_height)) for part in (band, row))
    # A date at the right above the text below it has no columns in either part: not merged.
    return separate > 1 and together >= separate


def _split_at_gaps(
    members: list[int], span: Callable[[int], tuple[float, float]], gap: float
) -> list[list[int]]:
    """``members`` split where their ``span`` (start, end) leaves more than ``gap`` free."""
    parts: list[list[int]] = []
    reach = float("-inf")
    for index in sorted(members, key=span):
        start, end = span(index)
        if not parts or start - reach > gap:
            parts.append([])
        parts[-1].append(index)
        reach = max(reach, end)
    return parts
