"""Finds the bullets and check boxes before recognised lines: ink that is no letter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Box, Character, Line, bounding_box

#: A bullet ends at most so many and begins at least so many line heights before its line.
_FAR, _NEAR = 2.6, 0.08
#: Its width and height, in line heights, and how much empty space stands before it.
_SMALLEST, _WIDEST, _HIGHEST, _SPACE_BEFORE = 0.1, 1.2, 1.15, 0.6
#: A letter o that is a bullet stands so many font sizes before the text.
_GAP_OF_LETTER = 0.62
#: The recogniser reads a cross or a tick as one of these letters.
_CROSSES, _TICKS = frozenset("xX×"), frozenset("vVY√✓✔/")
#: It is as sure as this of a letter.
_SURE = 0.95
#: Of a ticked box it makes a letter or two, and is less sure than this.
_LONGEST_SCRIBBLE, _DIRT = 2, 0.5
#: A filled mark has more than the first part of its box, and a dash is so many times as wide as
#: high.
_FILLED, _DASH = 0.62, 1.9
#: Less is left of the hole of a box where a tick is in it.
_PART_OF_HOLE = 0.08
#: The hole of a ring or box takes this part of it; a box has ink in this part of its corners, each
#: of which is filled to the third part.
_HOLE, _CORNER, _INK_OF_CORNER = 0.3, 0.5, 0.3
#: A ring has less ink inside of its hole's box than this; more in a box is a tick or a cross.
_TICKED = 0.12
#: A check box is higher than this part of its line; a smaller one is a bullet.
_BOX_HEIGHT = 0.5
#: A cross is so similar to its mirror image.
_MIRRORED = 0.55
#: Its strokes meet between these parts of its sides.
_MIDDLE = 0.34
#: The characters of check boxes.
CHECK_BOXES = "☐☑"


@dataclass(frozen=True)
class _Mark:
    text: str
    box: Box


def with_bullets(lines: Sequence[Line], mask: Mask, scale: float, kinds: str = "") -> list[Line]:
    """``lines`` (points) with the bullet before each, as far as ``mask`` shows one.

    ``mask`` is the ink of the page without rules, in pixels; ``scale`` is points per pixel.
    ``kinds`` are the only marks to look for; "" for all.
    """
    marks = [line for line in lines if _is_like_mark(line, lines)]
    others = [line for line in lines if line not in marks]
    free = _without_lines(mask, [line for line in others if not _is_scribble(line)], scale)
    result = []
    for line in map(_with_letter_bullet, others):
        mark = _mark_before(line, free, scale) if _may_have_mark(line) else None
        if mark and kinds and mark.text not in kinds:
            mark = None
        mark = mark or next((_read_as(one) for one in marks if _is_before(one, line)), None)
        result.append(_with_mark(line, mark) if mark else line)
    return result


def _is_like_mark(line: Line, lines: Sequence[Line]) -> bool:
    """Whether ``line`` is one letter before another line, and may be a cross or a tick."""
    unsure = line.text in _CROSSES | _TICKS and (line.score or 1.0) < _SURE
    return unsure and any(_is_before(line, other) and _may_have_mark(other) for other in lines)


def _is_scribble(line: Line) -> bool:
    """Whether the recogniser made one or two letters of ink that are none, such as a ticked box."""
    return len(line.text) <= _LONGEST_SCRIBBLE and (line.score or 0.0) < _DIRT


def _is_before(mark: Line, line: Line) -> bool:
    gap = line.box.left - mark.box.right
    on_row = mark.box.overlap_height(line.box) > 0.5 * mark.box.height
    return 0 < gap < _FAR * line.box.height and on_row


def _read_as(line: Line) -> _Mark:
    return _Mark("✗" if line.text in _CROSSES else "✓", line.box)


def _without_lines(mask: Mask, lines: Sequence[Line], scale: float) -> Mask:
    free = mask.copy()
    for line in lines:
        left, top, right, bottom = (int(edge / scale) for edge in line.box)
        free[max(0, top) : bottom + 1, max(0, left) : right + 1] = 0
    return free


def _may_have_mark(line: Line) -> bool:
    upright = line.box.height <= line.box.width or len(line.text) < 3
    return bool(line.characters) and upright and line.text[:1].isalnum()


def _mark_before(line: Line, mask: Mask, scale: float) -> _Mark | None:
    """The bullet before ``line``; None where there is none, or more than one mark."""
    height = line.box.height / scale
    top, bottom = int(line.box.top / scale - 0.1 * height), int(line.box.bottom / scale) + 1
    right = int(line.box.left / scale - _NEAR * height)
    left = int(right - (_FAR + _WIDEST) * height)
    start = max(0, left)
    part = mask[max(0, top) : bottom, start : max(start, right)]
    if not part.size:
        return None
    columns = np.flatnonzero(part.any(axis=0))
    if not columns.size or part.shape[1] - columns[-1] > _FAR * height:
        return None
    first = _start_of_mark(columns, _SPACE_BEFORE * height)
    mark = part[:, first : columns[-1] + 1]
    rows = np.flatnonzero(mark.any(axis=1))
    mark = mark[rows[0] : rows[-1] + 1]
    text = _text_of(mark > 0, height)
    y = max(0, top) + int(rows[0])
    box = Box(start + first, y, start + int(columns[-1]) + 1, y + mark.shape[0])
    return _Mark(text, Box(*(edge * scale for edge in box))) if text else None


def _start_of_mark(columns: NDArray[np.int64], space: float) -> int:
    """The first column of the last mark: before it stands ``space`` without ink."""
    gaps = np.flatnonzero(np.diff(columns) > space)
    return int(columns[gaps[-1] + 1]) if gaps.size else int(columns[0])


def _text_of(mark: NDArray[np.bool_], line_height: float) -> str:
    """The character that ``mark`` shows; "" for none that begins an item."""
    high, wide = mark.shape
    if not _SMALLEST * line_height <= max(high, wide) <= _WIDEST * line_height:
        return ""
    if high > _HIGHEST * line_height or min(high, wide) < 2:
        return ""
    filled = float(mark.mean())
    if wide > _DASH * high:
        return "–" if filled > _FILLED else ""
    if high > _DASH * wide:
        return ""
    hole, inner = _hole(mark)
    if hole > (_PART_OF_HOLE if _corners(mark) == 1 else _HOLE):
        return _hollow(mark, inner, line_height)
    if filled > _FILLED:
        return "•" if high < _HIGHEST * line_height * _FILLED else "■"
    return _tick_or_cross(mark)


def _hole(mark: NDArray[np.bool_]) -> tuple[float, float]:
    """The part of ``mark`` that its outline encloses, and the part of that which is ink."""
    outside = np.pad(mark, 1).astype(np.uint8)
    cv2.floodFill(outside, None, (0, 0), 2)
    holes = outside == 0
    if not holes.any():
        return 0.0, 0.0
    rows, columns = np.flatnonzero(holes.any(axis=1)), np.flatnonzero(holes.any(axis=0))
    inside = outside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 1
    return float(holes.sum()) / mark.size, float(inside.mean())


def _hollow(mark: NDArray[np.bool_], inner: float, line_height: float) -> str:
    is_box = _corners(mark) >= _CORNER
    if not is_box or mark.shape[0] < _BOX_HEIGHT * line_height:
        return "○"
    return "☑" if inner > _TICKED else "☐"


def _corners(mark: NDArray[np.bool_]) -> float:
    """The part of the four corners of ``mark`` that have ink."""
    high, wide = (max(1, round(0.12 * side)) for side in mark.shape)
    corners = (
        mark[rows, columns]
        for rows in (slice(None, high), slice(-high, None))
        for columns in (slice(None, wide), slice(-wide, None))
    )
    return sum(bool(corner.mean() > _INK_OF_CORNER) for corner in corners) / 4


def _tick_or_cross(mark: NDArray[np.bool_]) -> str:
    size = 24
    even = cv2.resize(mark.astype(np.uint8) * 255, (size, size), interpolation=cv2.INTER_AREA) > 90
    if _likeness(even, even[:, ::-1]) > _MIRRORED and _likeness(even, even[::-1]) > _MIRRORED:
        middle = slice(int(_MIDDLE * size), -int(_MIDDLE * size))
        return "✗" if even[middle, middle].mean() > 0.5 else ""
    lowest = np.flatnonzero(even[int(0.85 * size) :].any(axis=0))
    highest = np.flatnonzero(even[: int(0.15 * size)].any(axis=0))
    if not lowest.size or not highest.size:
        return ""
    return "✓" if 0.15 * size < lowest.mean() < 0.6 * size and highest.mean() > 0.7 * size else ""


def _likeness(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum()) / max(1, int((one | other).sum()))


def _with_mark(line: Line, mark: _Mark) -> Line:
    """``line`` with ``mark`` and a space before it."""
    first = line.characters[0]
    places = [mark.box, Box(mark.box.right, line.box.top, line.box.left, line.box.bottom)]
    before = [
        first._replace(text=text, box=Box(box.left, line.box.top, box.right, line.box.bottom),
                       shift=0, struck=False)
        for text, box in zip((mark.text, " "), places, strict=True)
    ]  # fmt: skip
    return _rebuilt(line, [*before, *line.characters])


def _with_letter_bullet(line: Line) -> Line:
    """``line`` with a ring before its text that the recogniser read as the letter o."""
    inked = [one for one in line.characters if one.text.strip()]
    if not line.text.startswith("o ") or len(inked) < 2 or inked[0].text != "o":
        return line
    gap = inked[1].box.left - inked[0].box.right
    if gap < _GAP_OF_LETTER * line.size:
        return line
    ring = line.characters[0]._replace(text="○")
    return _rebuilt(line, [ring, *line.characters[1:]])


def _rebuilt(line: Line, characters: Sequence[Character]) -> Line:
    new = line_of(characters)
    box = bounding_box([line.box, *(one.box for one in characters if one.text.strip())])
    return replace(new, box=box, size=line.size, score=line.score, monospaced=line.monospaced)
