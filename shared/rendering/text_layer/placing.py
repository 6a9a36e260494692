"""Distributes the words of a block over the lines of its box.

Engines give a box for a block and none for its lines. Where the ink shows the lines of the box,
these are used; otherwise the number of lines follows from the area of the box and the text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from unicodedata import east_asian_width

from shared.rendering.text_layer.block_text import CELL
from shared.rendering.text_layer.directions import is_mostly_right_to_left, visual_order

#: Height of a line, as a multiple of its font size.
LEADING = 1.25
#: Share of a line's height that its characters occupy where only the box is known.
FILLED = 0.8
_NARROW = frozenset("iljtfrI.,;:'|!()[]·-")
_WIDE = frozenset("mwMW@%—")
SPACE = 0.28
#: A box of characters this narrow, in font sizes, holds text that runs downwards.
_COLUMN_WIDTH = 2.2
#: Boxes of such text are this many times as high as wide.
_COLUMN_RATIO = 4
#: Between the cells of a row, in heights of the row.
_CELL_GAP = 0.4
#: Words are stretched at most this much; then their line ends before the box does.
_MOST_STRETCH = 1.6
#: The number of lines that the ink shows may differ from the estimate by these factors.
_FEWEST, _MOST = 0.6, 1.7


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of the upright page in points, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Its width, never 0."""
        return max(self.right - self.left, 0.1)

    @property
    def height(self) -> float:
        """Its height, never 0."""
        return max(self.bottom - self.top, 0.1)


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """Words of one line from left to right, each with its width; ``gap`` is between two of them."""

    area: Area
    words: tuple[tuple[str, float], ...]
    gap: float = 0.0
    #: Whether the line runs downwards in ``area``.
    downwards: bool = False


def place(lines: Sequence[str], box: Area, ink: Sequence[Area] = ()) -> list[PlacedLine]:
    """Every word of ``lines`` in ``box``; ``ink`` are the lines that the pixels show, or empty."""
    if not lines:
        return []
    if any(CELL in line for line in lines):
        return _table(lines, _fitting(ink, len(lines), exactly=True) or _even(box, len(lines)))
    if _runs_downwards(lines, box):
        return _downwards(lines, box)
    expected = _expected_lines(lines, box)
    found = _fitting(ink, expected, exactly=False)
    if len(lines) > 1:
        exact = _fitting(ink, len(lines), exactly=True)
        if exact or len(lines) >= expected:
            areas = exact or _even(box, len(lines))
            return [_line(_tokens(line), area) for line, area in zip(lines, areas, strict=True)]
    tokens = [token for line in lines for token in _tokens(line)]
    return _flow(tokens, list(found) or _even(box, expected))


def _fitting(ink: Sequence[Area], expected: int, *, exactly: bool) -> Sequence[Area]:
    """``ink`` where its number of lines is plausible."""
    if exactly:
        return ink if len(ink) == expected else ()
    return ink if _FEWEST * (expected - 1) <= len(ink) <= _MOST * expected + 1 else ()


def _expected_lines(lines: Sequence[str], box: Area) -> int:
    units = sum(_units(line) for line in lines)
    count = round(sqrt(units * box.height / (LEADING * box.width)))
    return max(1, min(count, int(box.height), sum(len(_tokens(line)) for line in lines)))


def _even(box: Area, count: int) -> list[Area]:
    """``count`` lines of equal height; the characters fill most of a line."""
    step = box.height / count
    blank = step * (1 - FILLED) / 2 if count > 1 else 0
    return [
        Area(box.left, box.top + number * step + blank, box.right,
             box.top + (number + 1) * step - blank)
        for number in range(count)
    ]  # fmt: skip


def _runs_downwards(lines: Sequence[str], box: Area) -> bool:
    units = sum(_units(line) for line in lines)
    if units < _COLUMN_RATIO or box.height < _COLUMN_RATIO * box.width:
        return False
    font_size = box.height / _expected_lines(lines, box) / LEADING
    return box.width < _COLUMN_WIDTH * font_size


def _downwards(lines: Sequence[str], box: Area) -> list[PlacedLine]:
    tokens = [token for line in lines for token in _tokens(line)]
    line = _line(tokens, Area(0, 0, box.height, box.width))
    return [replace(line, area=box, downwards=True)]


def _table(rows: Sequence[str], areas: Sequence[Area]) -> list[PlacedLine]:
    """Each cell in its column; columns are equally wide."""
    placed = []
    columns = max(row.count(CELL) for row in rows) + 1
    for row, area in zip(rows, areas, strict=True):
        width = area.width / columns
        for number, cell in enumerate(row.split(CELL)):
            left = area.left + number * width
            right = left + width - min(_CELL_GAP * area.height, width / 5)
            place_ = Area(left, area.top, right, area.bottom)
            placed += _cell(_tokens(cell), place_)
    return placed


def _cell(tokens: list[str], area: Area) -> list[PlacedLine]:
    return [_line(tokens, area)] if tokens else []


def _flow(tokens: list[str], areas: list[Area]) -> list[PlacedLine]:
    """Fill the lines in order; the last one takes the rest."""
    total = sum(area.width for area in areas)
    units = sum(map(_units, tokens)) + SPACE * sum(map(_has_gap, tokens, tokens[1:]))
    placed, start, used, filled = [], 0, 0.0, 0.0
    for number, area in enumerate(areas, 1):
        filled += area.width / total * units
        end = start
        while end < len(tokens) and (
            number == len(areas) or used + _units(tokens[end]) / 2 <= filled
        ):
            used += _units(tokens[end]) + _gap(tokens, end)
            end += 1
        if end > start:
            placed.append(_line(tokens[start:end], area))
        start = end
    return placed


def _line(tokens: list[str], area: Area) -> PlacedLine:
    """The words over the whole width of ``area``, short lines only as far as they reach."""
    words = visual_order(_words(tokens))
    widths = [_units(word) for word in words]
    natural = (sum(widths) + SPACE * (len(words) - 1)) * area.height
    scale = min(area.width / max(natural, 0.01), _MOST_STRETCH) * area.height
    placed = tuple((word, width * scale) for word, width in zip(words, widths, strict=True))
    if is_mostly_right_to_left(words):
        area = replace(area, left=area.right - natural / area.height * scale)
    return PlacedLine(area, placed, SPACE * scale)


def _words(tokens: list[str]) -> list[str]:
    """Tokens without a gap between them are one word."""
    words: list[str] = []
    for before, token in zip(["", *tokens], tokens, strict=False):
        if before and not _has_gap(before, token):
            words[-1] += token.strip()
        else:
            words.append(token.strip())
    return words


def _tokens(line: str) -> list[str]:
    """Pieces between which a line may end; the last one of a word ends with a space."""
    tokens: list[str] = []
    for word in line.split():
        start = len(tokens)
        part = ""
        for character in word:
            if not _is_wide(character):
                part += character
                continue
            tokens += [part, character] if part else [character]
            part = ""
        if part:
            tokens.append(part)
        if len(tokens) > start:
            tokens[-1] += " "
    return tokens


def _has_gap(before: str, after: str) -> bool:
    return before.endswith(" ") and bool(after)


def _gap(tokens: list[str], index: int) -> float:
    return SPACE if tokens[index].endswith(" ") else 0.0


def _is_wide(character: str) -> bool:
    return east_asian_width(character) in "WF"


def _units(text: str) -> float:
    """The approximate width of ``text`` in font sizes."""
    return sum(map(_character_units, text.strip())) or 0.25


def _character_units(character: str) -> float:
    if _is_wide(character):
        return 1.0
    if character in _NARROW:
        return 0.3
    if character in _WIDE:
        return 0.85
    if character == " ":
        return SPACE
    return 0.65 if character.isupper() else 0.5
