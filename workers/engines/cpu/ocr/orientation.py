"""Turns a page upright and straightens a small skew, by the evidence of its lines."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.engines.cpu.ocr.recognizer import TALL, Corners, Pixels, Recognizer, Words, crop, sides

Turn = Literal[0, 90, 180, 270]
#: Lines that are read to tell upright from upside down.
_SAMPLE = 6
#: Upright lines score above, upside-down lines below (measured: 0.97 and 0.75).
_SURE = 0.9
#: What a page must score at least when it is turned over, and how much more than before.
_FAIR, _MARGIN = 0.8, 0.08
#: Skew in degrees below which straightening changes nothing, and above which it is no skew.
_SMALLEST_SKEW, _LARGEST_SKEW = 0.25, 15.0


@dataclass(frozen=True)
class Upright:
    """A page turned by ``turn`` degrees clockwise, then by ``skew`` degrees more."""

    image: Pixels
    corners: list[Corners]
    turn: Turn = 0
    #: Maps pixels of ``image`` to those of the turned page, shape (2, 3).
    unskew: NDArray[np.float64] | None = None


def make_upright(recognizer: Recognizer, image: Pixels) -> Upright:
    """Find the lines of ``image`` (height, width, BGR) and turn both upright."""
    corners = recognizer.find(image)
    page = Upright(image, corners)
    if _mostly_tall(corners):
        page = _found_again(recognizer, _right_way_up(recognizer, _turned(page, 90)))
    else:
        page = _right_way_up(recognizer, page)
    return _straightened(page)


def _found_again(recognizer: Recognizer, page: Upright) -> Upright:
    """``page`` with its lines found on the turned image: on a page that lies they are cut short."""
    return replace(page, corners=recognizer.find(page.image))


def _mostly_tall(corners: list[Corners]) -> bool:
    shapes = [sides(corner) for corner in corners]
    tall = sum(height for width, height in shapes if height > TALL * width)
    wide = sum(width for width, height in shapes if width > TALL * height)
    return tall > 2 * wide


def _right_way_up(recognizer: Recognizer, page: Upright) -> Upright:
    longest = sorted(page.corners, key=lambda corner: -sides(corner)[0])[:_SAMPLE]
    crops = [crop(page.image, corner) for corner in longest]
    as_is = _certainty(recognizer.read_crops(crops))
    if not crops or as_is >= _SURE:
        return page
    over = [np.ascontiguousarray(piece[::-1, ::-1]) for piece in crops]
    if _certainty(recognizer.read_crops(over)) > max(_FAIR, as_is + _MARGIN):
        return _turned(page, 180)
    return page


def _certainty(words: list[Words]) -> float:
    return sum(word.score for word in words) / len(words) if words else 0.0


def _turned(page: Upright, degrees: Literal[90, 180]) -> Upright:
    image = np.ascontiguousarray(np.rot90(page.image, -degrees // 90))
    height, width = page.image.shape[:2]
    turned = []
    for corners in page.corners:
        for _ in range(degrees // 90):
            # Clockwise by a quarter: (x, y) lands on (height - y, x).
            corners = np.stack((height - corners[:, 1], corners[:, 0]), axis=1)
            height, width = width, height
        turned.append(_from_top_left(corners))
    turn: Turn = (page.turn + degrees) % 360  # type: ignore[assignment]
    return Upright(image, turned, turn)


def _from_top_left(corners: Corners) -> Corners:
    first = int(np.argmin(corners.sum(axis=1)))
    return np.roll(corners, -first, axis=0).astype(np.float32)


def _straightened(page: Upright) -> Upright:
    angle = _skew(page.corners)
    if not _SMALLEST_SKEW < abs(angle) < _LARGEST_SKEW:
        return page
    height, width = page.image.shape[:2]
    forth = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), np.float64)
    image = cv2.warpAffine(page.image, forth, (width, height), borderMode=cv2.BORDER_REPLICATE)
    corners = [moved(corner, forth) for corner in page.corners]
    back = np.asarray(cv2.invertAffineTransform(forth), np.float64)
    return Upright(np.asarray(image, np.uint8), corners, page.turn, back)


def moved(points: Corners, matrix: NDArray[np.float64]) -> Corners:
    """``points`` (N, 2) under an affine ``matrix`` (2, 3)."""
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _skew(corners: list[Corners]) -> float:
    """Median angle in degrees of the lines, weighted by their length."""
    lines = [(corner[1] - corner[0]) for corner in corners]
    long = sorted(lines, key=lambda line: -float(np.linalg.norm(line)))[: max(3, len(lines) // 2)]
    if len(long) < 3:
        return 0.0
    return float(np.median([np.degrees(np.arctan2(line[1], line[0])) for line in long]))
