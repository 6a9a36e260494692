"""The ink of a page: pixels that differ from the ground around them, in any colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from workers.engines.cpu.recognition import Corners, Pixels

#: 255 where a pixel is set, 0 elsewhere; shape (height, width).
Mask = NDArray[np.uint8]
#: Ink differs from the ground by more than this in at least one channel (0 to 255).
_LEAST_CONTRAST = 48
#: The ground is the median of a square window. The longest side of the page holds the first
#: number of samples, the window the second on each side, so it spans 36 pixels of 1500.
_SAMPLES, _WINDOW = 375, 9
#: Boxes of lines are this much larger on each side, in line heights, so that no part of a letter
#: remains.
_LINE_MARGIN = 0.25
#: Less ink than this part of its box is no line of text.
_LEAST_SHARE = 0.005


@dataclass(frozen=True)
class PageInk:
    """The ink of ``image``; light text on a dark ground is ink too."""

    image: Pixels

    @cached_property
    def ground(self) -> Pixels:
        """The colour of the page around each pixel, of the shape of ``image``."""
        height, width = self.image.shape[:2]
        step = max(1, max(height, width) // _SAMPLES)
        samples = np.ascontiguousarray(self.image[::step, ::step])
        ground = cv2.medianBlur(samples, _WINDOW)
        return np.asarray(cv2.resize(ground, (width, height)), np.uint8)

    @cached_property
    def mask(self) -> Mask:
        """All ink."""
        blue, green, red = cv2.split(cv2.absdiff(self.image, self.ground))
        contrast = cv2.max(cv2.max(blue, green), red)
        _, mask = cv2.threshold(contrast, _LEAST_CONTRAST, 255, cv2.THRESH_BINARY)
        return np.asarray(mask, np.uint8)

    def is_in(self, line: Corners) -> bool:
        """Whether ``line`` holds any ink to speak of in its middle, away from its edges."""
        height, width = self.mask.shape
        center = line.mean(axis=0)
        middle = np.clip(center + (line - center) / 2, 0, (width, height))
        left, top = middle.min(axis=0).astype(int).tolist()
        right, bottom = middle.max(axis=0).astype(int).tolist()
        area = self.mask[top:bottom, left:right]
        return area.size > 0 and cv2.countNonZero(area) > _LEAST_SHARE * area.size

    def outside(self, lines: Sequence[Corners]) -> Mask:
        """The ink that none of ``lines`` covers."""
        return np.asarray(cv2.subtract(self.mask, self.covered(lines)), np.uint8)

    def image_without(self, lines: Sequence[Corners]) -> Pixels:
        """The image with the ground in place of ``lines``."""
        image = self.image.copy()
        cv2.copyTo(self.ground, self.covered(lines), image)
        return image

    def covered(self, lines: Sequence[Corners]) -> Mask:
        """The area of ``lines``, with the margin that letters need."""
        covered = np.zeros(self.image.shape[:2], np.uint8)
        for line in lines:
            cv2.fillConvexPoly(covered, np.round(_grown(line)).astype(np.int32), 255)
        return covered


def _grown(line: Corners) -> Corners:
    """``line`` with a margin on each side, at any angle."""
    along, across = line[1] - line[0], line[3] - line[0]
    length, height = float(np.linalg.norm(along)), float(np.linalg.norm(across))
    if not length or not height:
        return line
    margin = _LINE_MARGIN * min(length, height)
    right, down = along / length * margin, across / height * margin
    steps = np.stack((-right - down, right - down, right + down, down - right))
    return np.asarray(line + steps, np.float32)
