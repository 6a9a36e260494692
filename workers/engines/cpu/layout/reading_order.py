"""Puts boxes into reading order: columns first where a gutter runs, rows where a gap runs."""

from collections.abc import Callable, Sequence

from workers.engines.cpu.layout.insets import insets_of
from workers.engines.cpu.values import Box

#: Boxes give way by this much on each side, so that touching neighbours can be parted.
_GIVE = 0.3
#: Narrowest column gutter and lowest row gap; all in median line heights.
_GUTTER, _GAP = 0.4, 0.0
#: A part narrower and less filled than this beside a column is a margin.
_NARROW, _LITTLE = 0.6, 0.25
#: Deeper nesting than this is no page but an attack on the stack.
_DEEPEST = 60


def reading_order(boxes: Sequence[Box], unit: float) -> list[int]:
    """Indices of ``boxes`` in the order of reading; ``unit`` is the median line height."""
    shrunk = [_shrink(box, unit) for box in boxes]
    insets = insets_of(shrunk)
    order = _order(shrunk, [i for i in range(len(boxes)) if i not in insets], unit, 0)
    for inset in sorted(insets, key=lambda i: boxes[i].top):
        order = _inserted(shrunk, order, inset)
    return order


def _shrink(box: Box, unit: float) -> Box:
    x = min(_GIVE * unit, box.width / 4)
    y = min(_GIVE * unit, box.height / 4)
    return Box(box.left + x, box.top + y, box.right - x, box.bottom - y)


def _order(boxes: Sequence[Box], members: list[int], unit: float, depth: int) -> list[int]:
    if len(members) < 2 or depth > _DEEPEST:
        return sorted(members, key=lambda i: (boxes[i].top, boxes[i].left))
    parts = _columns(boxes, members, unit)
    if len(parts) == 1:
        parts = _bands(boxes, members, unit)
    if len(parts) == 1:
        return _set_aside(boxes, members, unit, depth)
    return [index for part in parts for index in _order(boxes, part, unit, depth + 1)]


def _set_aside(boxes: Sequence[Box], members: list[int], unit: float, depth: int) -> list[int]:
    """Order the rest without the widest box, then put that one where its top says."""
    widest = max(members, key=lambda i: (boxes[i].width, boxes[i].height))
    rest = _order(boxes, [i for i in members if i != widest], unit, depth + 1)
    return _inserted(boxes, rest, widest)


def _inserted(boxes: Sequence[Box], order: list[int], box: int) -> list[int]:
    """``order`` with ``box`` before the first that it stands over."""
    later = (place for place, i in enumerate(order) if _follows(boxes[i], boxes[box]))
    place = next(later, len(order))
    return [*order[:place], box, *order[place:]]


def _follows(box: Box, wide: Box) -> bool:
    return box.top >= wide.top and box.common_width(wide) > 0


def _columns(boxes: Sequence[Box], members: list[int], unit: float) -> list[list[int]]:
    """``members`` parted at vertical gutters, left to right."""
    parts = _part(members, lambda i: (boxes[i].left, boxes[i].right), _GUTTER * unit)
    return [members] if len(parts) > 1 and _has_margin(boxes, parts) else parts


def _has_margin(boxes: Sequence[Box], parts: list[list[int]]) -> bool:
    """Whether a part is no column but a few narrow words beside one, such as side headings."""
    widths = [max(boxes[i].width for i in part) for part in parts]
    filled = [sum(boxes[i].height for i in part) for part in parts]
    sizes = zip(widths, filled, strict=True)
    return any(w < _NARROW * max(widths) and h < _LITTLE * max(filled) for w, h in sizes)


def _rows(boxes: Sequence[Box], members: list[int], unit: float) -> list[list[int]]:
    return _part(members, lambda i: (boxes[i].top, boxes[i].bottom), _GAP * unit)


def _bands(boxes: Sequence[Box], members: list[int], unit: float) -> list[list[int]]:
    """Rows of ``members``, neighbours put together again while one gutter runs through them.

    So a two-column part under a full-width heading is read column by column, although gaps
    between its paragraphs happen to lie at the same height.
    """
    bands: list[list[int]] = []
    for row in _rows(boxes, members, unit):
        if bands and _same_columns(boxes, bands[-1], row, unit):
            bands[-1].extend(row)
        else:
            bands.append(row)
    return bands


def _same_columns(boxes: Sequence[Box], band: list[int], row: list[int], unit: float) -> bool:
    together = len(_columns(boxes, band + row, unit))
    alone = max(len(_columns(boxes, band, unit)), len(_columns(boxes, row, unit)))
    # Neither alone has columns where a date stands to the right above the words that follow.
    return alone > 1 and together >= alone


def _part(
    members: list[int], span: Callable[[int], tuple[float, float]], gap: float
) -> list[list[int]]:
    parts: list[list[int]] = []
    reach = float("-inf")
    for index in sorted(members, key=span):
        start, end = span(index)
        if not parts or start - reach > gap:
            parts.append([])
        parts[-1].append(index)
        reach = max(reach, end)
    return parts
