"""Judges whether the rendered page shows a character in its own ink."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from workers.engines.cpu.recognition import Pixels
from workers.engines.cpu.values import Box, Character, bounding_box

#: Colours (0 to 255 in each channel) that differ by less than this look the same.
_SAME_COLOR = 24
#: Ink lies at least this far on the way from the ground's colour to the text's colour. Thin
#: strokes mix with the ground, so half way is enough.
_LEAST_INK = 0.3
#: A dark text's ink is darker, its ground lighter than these (0 to 255): the usual case.
_DARK, _LIGHT = 110, 200
#: Ink of the usual case is darker than this.
_USUAL_INK = 190
#: The part of a character's box on each side that may hold its neighbours. The ink of a sign, such
#: as "^" or "_", may lie there alone.
_SIDE, _TOP = 0.15, 0.2


class Ink(Enum):
    """What the picture shows of one character."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    #: The box shows something else than the character's own ink.
    DOUBTFUL = "doubtful"


@dataclass(frozen=True)
class PageImage:
    """The rendered page, shape (height, width, BGR), with its pixels per point."""

    pixels: Pixels
    scale: float

    def crop(self, box: Box) -> Pixels:
        """The pixels of ``box``, which is in points; may be empty."""
        left, top, right, bottom = self.edges(box)
        return self.pixels[top:bottom, left:right]

    def edges(self, box: Box) -> tuple[int, int, int, int]:
        """``box`` in whole pixels of the page: left, top, right, bottom."""
        height, width = self.pixels.shape[:2]
        left, top = (max(0, int(edge * self.scale)) for edge in box[:2])
        right, bottom = (int(edge * self.scale) + 1 for edge in box[2:])
        return left, top, min(width, right), min(height, bottom)


def ink_of(
    characters: Sequence[Character], color: tuple[int, int, int], image: PageImage
) -> list[Ink]:
    """What ``image`` shows of ``characters`` of one colour (red, green, blue)."""
    usual = max(color) < _DARK
    clear = _clear_on_light_ground(characters, image) if usual else [False] * len(characters)
    return [
        Ink.VISIBLE if is_clear else _ink(character, color, image)
        for character, is_clear in zip(characters, clear, strict=True)
    ]


def _clear_on_light_ground(characters: Sequence[Character], image: PageImage) -> list[bool]:
    """Whether each dark character has both ink and light ground in its middle.

    One look at the whole span: columns of pixels with ink and with ground are counted.
    """
    box = bounding_box(character.box for character in characters)
    left, top, _, bottom = image.edges(box)
    crop = image.crop(box)
    if not crop.size or box.height > 3 * max(character.size for character in characters):
        return [False] * len(characters)
    margin = int((bottom - top) * _TOP)
    whole = crop[:, :, 1]
    middle = whole[margin : len(whole) - margin] if margin else whole
    ground = _counts(middle > _LIGHT)
    inks = [_counts(rows < _USUAL_INK) for rows in (whole, middle)]
    starts, ends = _middles(characters, image.scale, left, whole.shape[1])
    return [
        bool(ground[end] > ground[start] and inks[is_letter][end] > inks[is_letter][start])
        for start, end, is_letter in zip(starts, ends, map(_is_letter, characters), strict=True)
    ]


def _counts(pixels: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many columns before each column of ``pixels`` have one that is True."""
    return np.concatenate(([0], np.cumsum(pixels.any(axis=0))))


def _is_letter(character: Character) -> bool:
    return character.text.isalnum()


def _middles(
    characters: Sequence[Character], scale: float, left: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last column of the middle of each character, in pixels from ``left``."""
    edges = np.array([(c.box.left, c.box.right) for c in characters])
    side = (edges[:, 1] - edges[:, 0]) * _SIDE
    starts = ((edges[:, 0] + side) * scale).astype(np.int64) - left
    ends = np.ceil((edges[:, 1] - side) * scale).astype(np.int64) - left
    starts = np.clip(starts, 0, max(0, width - 1))
    return starts, np.clip(np.maximum(ends, starts + 1), 0, width)


def _ink(character: Character, color: tuple[int, int, int], image: PageImage) -> Ink:
    """The verdict on one character, from all pixels of its box."""
    crop = image.crop(_middle(character.box))
    if not crop.size:
        return Ink.HIDDEN
    pixels = crop.reshape(-1, 3).astype(np.int32)
    whole = image.crop(character.box).reshape(-1, 3).astype(np.int32)
    ground = _ground(whole)
    step = np.array(color[::-1], np.int32) - ground
    if int(np.abs(step).max()) >= _SAME_COLOR:
        own = pixels if _is_letter(character) else whole
        progress = (own - ground) @ step / float(step @ step)
        if bool((progress > _LEAST_INK).any()):
            return Ink.VISIBLE
    has_contrast = int((pixels.max(axis=0) - pixels.min(axis=0)).max()) >= _SAME_COLOR
    return Ink.DOUBTFUL if has_contrast else Ink.HIDDEN


def _middle(box: Box) -> Box:
    x, y = _SIDE * box.width, _TOP * box.height
    return Box(box.left + x, box.top + y, box.right - x, box.bottom - y)


def _ground(pixels: NDArray[np.int32]) -> NDArray[np.int32]:
    """The most frequent colour, to 16 steps in each channel."""
    coarse = pixels >> 4
    keys = coarse[:, 0] << 8 | coarse[:, 1] << 4 | coarse[:, 2]
    most = int(np.bincount(keys, minlength=1).argmax())
    return np.asarray(pixels[keys == most].mean(axis=0), np.int32)
