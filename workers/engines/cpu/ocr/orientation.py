"""Rotates a page upright and removes a small skew, both measured on its lines of text."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.engines.contract import Rotation
from workers.engines.cpu.ocr.page_ink import Mask, PageInk
from workers.engines.cpu.ocr.recognizer import VERTICAL_RATIO, Recognizer, crop
from workers.engines.cpu.ocr.vertical_columns import has_vertical_text
from workers.engines.cpu.recognition import Corners, Pixels, RecognizedText, line_size

#: Number of lines that are read to tell upright from upside down.
_SAMPLE_LINES = 6
#: A mean score above this means upright (measured: 0.97 upright, 0.75 upside down).
_UPRIGHT_SCORE = 0.9
#: An upside-down page must score at least this after the turn, and this much more than before.
_LEAST_FLIPPED_SCORE, _LEAST_SCORE_GAIN = 0.8, 0.08
#: Degrees. Below the first, deskewing changes nothing; above the second, it is not a scan skew.
_SMALLEST_SKEW, _LARGEST_SKEW = 0.25, 15.0
#: The two ends of a straight line may differ by so many pixels in height.
_END_ERROR = 2.0
#: A skew is measured on corners, which the detector sets askew around some short lines, and proved
#: by the ink: the edges of its rows are sharper by this factor where the page is straightened.
_SHARPER = 1.05
#: The longest side of the ink that proves it, in pixels.
_PROOF_SIDE = 1000


@dataclass(frozen=True)
class UprightPage:
    """An upright page image and its lines.

    ``rotation`` is in degrees clockwise from the original image to the rotated page; a deskew
    follows it.
    """

    image: Pixels
    corners: list[Corners]
    rotation: Rotation = 0
    #: Affine matrix from pixels of ``image`` to pixels of the rotated page before the deskew,
    #: shape (2, 3); None if the page was not deskewed.
    unskew: NDArray[np.float64] | None = None
    #: Whether its high lines are columns of vertical Chinese or Japanese.
    has_columns: bool = False


def make_upright(recognizer: Recognizer, image: Pixels) -> UprightPage:
    """Find the lines of ``image``, shape (height, width, BGR), and turn both upright."""
    page = UprightPage(image, recognizer.find_lines(image))
    if _mostly_vertical(page.corners) and has_vertical_text(recognizer, image, page.corners):
        return replace(page, has_columns=True)
    if _mostly_vertical(page.corners):
        page = _turn_over_if_needed(recognizer, _rotated(page, 90))
        # Lines are detected again: on the sideways image the detector cut them short.
        page = replace(page, corners=recognizer.find_lines(page.image))
    else:
        page = _turn_over_if_needed(recognizer, page)
    return _deskewed(page)


def _mostly_vertical(corners: list[Corners]) -> bool:
    sizes = [line_size(corner) for corner in corners]
    vertical = sum(height for width, height in sizes if height > VERTICAL_RATIO * width)
    horizontal = sum(width for width, height in sizes if width > VERTICAL_RATIO * height)
    return vertical > 2 * horizontal


def _turn_over_if_needed(recognizer: Recognizer, page: UprightPage) -> UprightPage:
    """Rotate ``page`` by 180 degrees if its longest lines read better that way."""
    longest = sorted(page.corners, key=lambda corner: -line_size(corner)[0])[:_SAMPLE_LINES]
    crops = [crop(page.image, corner) for corner in longest]
    score = _mean_score(recognizer.read_crops(crops))
    if not crops or score >= _UPRIGHT_SCORE:
        return page
    flipped = [np.ascontiguousarray(line[::-1, ::-1]) for line in crops]
    flipped_score = _mean_score(recognizer.read_crops(flipped))
    if flipped_score > max(_LEAST_FLIPPED_SCORE, score + _LEAST_SCORE_GAIN):
        return _rotated(page, 180)
    return page


def _mean_score(texts: list[RecognizedText]) -> float:
    return sum(text.score for text in texts) / len(texts) if texts else 0.0


def _rotated(page: UprightPage, degrees: Literal[90, 180]) -> UprightPage:
    """``page`` rotated clockwise by ``degrees``."""
    image = np.ascontiguousarray(np.rot90(page.image, -degrees // 90))
    height, width = page.image.shape[:2]
    rotated_corners = []
    for corners in page.corners:
        for _ in range(degrees // 90):
            # A quarter turn clockwise moves (x, y) to (height - y, x).
            corners = np.stack((height - corners[:, 1], corners[:, 0]), axis=1)
            height, width = width, height
        rotated_corners.append(_from_top_left(corners))
    rotation: Rotation = (page.rotation + degrees) % 360  # type: ignore[assignment]
    return UprightPage(image, rotated_corners, rotation)


def _from_top_left(corners: Corners) -> Corners:
    """``corners`` in the same order, starting with the top left one."""
    first = int(np.argmin(corners.sum(axis=1)))
    return np.roll(corners, -first, axis=0).astype(np.float32)


def _deskewed(page: UprightPage) -> UprightPage:
    angle = _skew(page.corners)
    if not _SMALLEST_SKEW < abs(angle) < _LARGEST_SKEW or not _is_askew(page.image, angle):
        return page
    height, width = page.image.shape[:2]
    deskew = _rotation(width, height, angle)
    image = cv2.warpAffine(page.image, deskew, (width, height), borderMode=cv2.BORDER_REPLICATE)
    corners = [_transform(corner, deskew) for corner in page.corners]
    unskew = np.asarray(cv2.invertAffineTransform(deskew), np.float64)
    return UprightPage(np.asarray(image, np.uint8), corners, page.rotation, unskew)


def _rotation(width: int, height: int, angle: float) -> NDArray[np.float64]:
    center = (width / 2, height / 2)
    return np.asarray(cv2.getRotationMatrix2D(center, angle, 1.0), np.float64)


def _is_askew(image: Pixels, angle: float) -> bool:
    """Whether the rows of ink on ``image`` have sharper edges after a rotation by ``angle``."""
    scale = min(1.0, _PROOF_SIDE / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = PageInk(np.asarray(small, np.uint8)).mask
    height, width = mask.shape
    straight = cv2.warpAffine(mask, _rotation(width, height, angle), (width, height))
    return _sharpness(np.asarray(straight, np.uint8)) > _SHARPER * _sharpness(mask)


def _sharpness(mask: Mask) -> float:
    """How much the ink of neighbouring rows differs."""
    return float(np.square(np.diff(mask.mean(axis=1))).sum())


def _transform(points: Corners, matrix: NDArray[np.float64]) -> Corners:
    """``points``, shape (N, 2), under an affine ``matrix``, shape (2, 3)."""
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def _skew(corners: list[Corners]) -> float:
    """The angle of the lines in degrees; 0 for fewer than 3 lines, or lines too short to tell.

    The median is weighted by the squared lengths: the ends of a line are known to a pixel or two,
    so the angle of a word is far less exact than that of a full line.
    """
    directions = [(corner[1] - corner[0]) for corner in corners]
    lengths = np.array([float(np.linalg.norm(line)) for line in directions])
    if len(directions) < 3 or not lengths.any():
        return 0.0
    angles = np.array([float(np.degrees(np.arctan2(line[1], line[0]))) for line in directions])
    order = np.argsort(angles)
    passed = np.cumsum(lengths[order] ** 2)
    index = order[int(np.searchsorted(passed, passed[-1] / 2))]
    least = float(np.degrees(np.arctan2(_END_ERROR, lengths[index])))
    return float(angles[index]) if abs(angles[index]) > least else 0.0
