"""Removes a watermark: large pale letters of one colour that lie under the text of a page."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.engines.cpu.ocr.page_ink import Mask
from workers.engines.cpu.recognition import Pixels

#: The colour of a watermark lies between these values in grey; text is darker, paper is lighter.
_DARKEST, _LIGHTEST = 130, 238
#: Ink below this grey may be text that lies across it.
_TEXT = 110
#: It takes at least this part of the page.
_LEAST_SHARE = 0.0005
#: Pixels of one colour differ by at most this; further letters of a watermark by the second value.
_SAME_COLOUR, _SIMILAR_COLOUR = 10, 25
#: Its letters are so high, in longest sides of the page, and there are at least so many.
_LOWEST, _HIGHEST, _FEWEST_LETTERS = 0.022, 0.4, 2
#: Letters fill this part of their boxes; a bar or a tinted cell fills more, a frame less.
_LEAST_FILL, _MOST_FILL = 0.08, 0.8
#: A box fills more than this part of each edge of its box, so many pixels deep.
_STRAIGHT, _RIM = 0.6, 4
#: Text covers this part of at least so many of its letters: a pale title has no text across it.
_CROSSED, _FEWEST_CROSSED = 0.008, 2
#: Only so many parts of its colour are looked at.
_MOST_PARTS = 400
#: Pixels around its letters are a mixture of its colour and the paper.
_EDGE = 7


Grey = NDArray[np.uint8]


class _Letters(NamedTuple):
    """Connected parts of a page: their labels, their boxes and which of them are letters."""

    labels: NDArray[np.int32]
    stats: NDArray[np.int32]
    kept: list[int]


def without_watermark(image: Pixels) -> Pixels:
    """``image`` (BGR) with the paper's colour in place of a watermark; unchanged without one."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    paper = int(np.median(grey[::4, ::4]))
    colour = _pale_colour(grey, paper)
    if colour is None:
        return image
    letters = _letters(grey, colour)
    if letters is None:
        return image
    near = cv2.dilate(letters, np.ones((2 * _EDGE + 1,) * 2, np.uint8)) > 0
    pale = near & (grey > min(colour, paper) - _SAME_COLOUR)
    result = image.copy()
    result[pale] = np.median(image[::4, ::4], axis=(0, 1)).astype(np.uint8)
    return result


def _pale_colour(grey: Grey, paper: int) -> int | None:
    """The most frequent flat grey between text and paper; None if none takes any area."""
    # Every fourth row and column is enough, and costs a sixteenth.
    sample, beside = grey[:-2:4, 2::4], grey[2::4, :-2:4]
    if not sample.size:
        return None  # a strip of two pixels or less
    values = sample[cv2.absdiff(sample, beside) <= 2]
    counts = np.bincount(values, minlength=256)
    lightest = min(_LIGHTEST, paper - _SAME_COLOUR)
    if lightest <= _DARKEST:
        return None
    colour = _DARKEST + int(np.argmax(counts[_DARKEST:lightest]))
    return colour if counts[colour] > _LEAST_SHARE * sample.size else None


def _letters(grey: Grey, colour: int) -> Mask | None:
    """The letters of ``colour``, if they are a watermark, and those of a similar colour."""
    found = _large_letters(grey, colour, _SAME_COLOUR)
    crossed = [letter for letter in found.kept if _is_crossed(letter, found, grey)]
    if len(found.kept) < _FEWEST_LETTERS or len(crossed) < _FEWEST_CROSSED:
        return None
    similar = _large_letters(grey, colour, _SIMILAR_COLOUR)
    return np.asarray(np.isin(similar.labels, similar.kept) * np.uint8(255), np.uint8)


def _large_letters(grey: Grey, colour: int, tolerance: int) -> _Letters:
    """The connected parts of about ``colour`` that are as large and as filled as letters."""
    low, high = colour - tolerance, min(_LIGHTEST, colour + tolerance)
    same = np.asarray(cv2.inRange(grey, np.array(low), np.array(high)), np.uint8)
    # The edges of dark letters are thin lines of the same grey.
    solid = cv2.morphologyEx(same, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    # Text across a letter divides it.
    joined = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    longest = max(grey.shape)
    kept = [
        index
        for index, (_, _, width, height, area) in enumerate(stats[:_MOST_PARTS].tolist())
        if index
        and _LEAST_FILL < area / (width * height) < _MOST_FILL
        and _LOWEST * longest < max(width, height) < _HIGHEST * longest
        and not _is_box(index, np.asarray(labels, np.int32), stats[index].tolist())
    ]
    return _Letters(np.asarray(labels, np.int32), np.asarray(stats, np.int32), kept)


def _is_box(index: int, labels: NDArray[np.int32], box: list[int]) -> bool:
    """Whether a part is a bar or a tinted box: it fills most of the edges of its box."""
    left, top, width, height, _ = box
    part = labels[top : top + height, left : left + width] == index
    edges = (part[:_RIM].any(axis=0), part[-_RIM:].any(axis=0))
    sides = (part[:, :_RIM].any(axis=1), part[:, -_RIM:].any(axis=1))
    return min(float(edge.mean()) for edge in (*edges, *sides)) > _STRAIGHT


def _is_crossed(index: int, letters: _Letters, grey: Grey) -> bool:
    """Whether dark text lies across a letter."""
    left, top, width, height = letters.stats[index, :4].tolist()
    area = (slice(top, top + height), slice(left, left + width))
    inside = (letters.labels[area] == index).astype(np.uint8)
    grown = cv2.dilate(inside, np.ones((5, 5), np.uint8)) > 0
    return bool((grey[area][grown] < _TEXT).mean() > _CROSSED)
