"""Estimates the font size of a heading from its box and its letters.

Blocks have no font size, and the boxes of engines are rough in height. The width of a line is more
exact: it is the sum of the widths of its letters.
"""

from shared.domain.records.page_result import BBox, PageImage

#: Widths of letters in font sizes, as in most fonts for text.
_NARROW, _WIDE = frozenset("iljtfrI.,;:'!|()[] "), frozenset("mwMW@%")
_NARROW_WIDTH, _WIDE_WIDTH, _CAPITAL_WIDTH, _CJK_WIDTH, _WIDTH = 0.31, 0.86, 0.68, 1.0, 0.54
#: The height of a line in font sizes, and the part of the width that several lines fill.
_LINE_HEIGHT, _FILLED = 1.2, 0.85
_MOST_LINES = 4
_FIRST_CJK = "\u2e80"


def heading_size(text: str, box: BBox, image: PageImage) -> float:
    """The font size of ``text`` in ``box``, on the scale of the page's width; 0 if unknown."""
    width, height = box[2] - box[0], box[3] - box[1]
    letters = sum(map(_letter_width, text))
    if width <= 0 or height <= 0 or not letters:
        return 0.0
    aspect = image.height / image.width if image.width and image.height else 1.4
    sizes = [_size(width, letters, lines) for lines in range(1, _MOST_LINES + 1)]
    return min(
        enumerate(sizes, start=1),
        key=lambda pair: abs(height * aspect - pair[0] * _LINE_HEIGHT * pair[1]),
    )[1]


def _size(width: int, letters: float, lines: int) -> float:
    return width / letters if lines == 1 else lines * width * _FILLED / letters


def _letter_width(letter: str) -> float:
    if letter in _NARROW:
        return _NARROW_WIDTH
    if letter in _WIDE:
        return _WIDE_WIDTH
    if letter >= _FIRST_CJK:
        return _CJK_WIDTH
    return _CAPITAL_WIDTH if letter.isupper() else _WIDTH
