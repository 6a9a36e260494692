"""Finds what a PDF page paints over its text."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pymupdf

from workers.engines.cpu.text_layer.raw_lines import origin_key, painted_texts
from workers.engines.cpu.values import Box, Character

#: A cover hides a character if it covers more than this part of its box.
_HIDES = 0.75
#: A page with more covers is judged by its pixels alone: comparing all pairs takes too long.
_MOST_COVERS = 2000
_EVERYWHERE = Box(float("-inf"), float("-inf"), float("inf"), float("inf"))

#: What ``painted_pictures`` calls pictures, as MuPDF names them.
PICTURES = ("fill-image", "fill-shade")


class Cover(NamedTuple):
    """A picture or shading that hides what was painted before; ``place`` is its turn."""

    place: int
    box: Box


class Picture(NamedTuple):
    """Whether nothing shines through a picture or shading, and the box that it is clipped to."""

    is_opaque: bool
    clip: Box


class PaintOrder:
    """Which characters of a page lie under a picture that was painted later.

    Plain areas of one colour are left to the pixels: a character under them shows no ink.
    """

    def __init__(self, page: pymupdf.Page) -> None:
        self._covers = _covers(page)
        self._places = painted_texts(page) if self._covers else {}

    @property
    def covers_text(self) -> bool:
        """Whether anything may be covered at all."""
        return bool(self._covers)

    def is_covered(self, character: Character) -> bool:
        """Whether an opaque picture was painted over ``character``."""
        if not self._covers:
            return False
        place = self._places.get(origin_key((character.box.left, character.baseline)))
        return place is not None and any(
            cover.place > place and character.box.fraction_inside(cover.box) > _HIDES
            for cover in self._covers
        )


def _covers(page: pymupdf.Page) -> list[Cover]:
    """The opaque pictures and shadings of ``page`` that were painted after text they touch."""
    painted = page.get_bboxlog()
    texts = [
        (place, Box(*box)) for place, (kind, box) in enumerate(painted) if kind.endswith("-text")
    ]
    pictures = [
        Cover(place, Box(*box)) for place, (kind, box) in enumerate(painted) if kind in PICTURES
    ]
    touching = [cover for cover in pictures[:_MOST_COVERS] if _touches(cover, texts)]
    if not touching:
        return []
    clipped = [
        cover._replace(box=cover.box.intersection(own.clip))
        for cover, own in zip(pictures, painted_pictures(page), strict=False)
        if own.is_opaque and cover in touching
    ]
    return [cover for cover in clipped if _touches(cover, texts)]


def _touches(cover: Cover, texts: Sequence[tuple[int, Box]]) -> bool:
    return any(place < cover.place and box.overlap_area(cover.box) > 0 for place, box in texts)


def painted_pictures(page: pymupdf.Page) -> list[Picture]:
    """How each of the ``PICTURES`` of ``page`` is painted, in order."""
    device = _Pictures()
    mupdf = pymupdf.mupdf
    mupdf.fz_run_page(mupdf.FzPage(page.this), device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    return device.pictures


class _Pictures(pymupdf.mupdf.FzDevice2):  # type: ignore[misc]
    """Notes for each picture whether it is opaque, with no transparency and no mask, and its clip.

    A shading has no size of its own: the clip alone says how much of the page it covers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.use_virtual_fill_image()
        self.use_virtual_fill_shade()
        self.use_virtual_begin_group()
        self.use_virtual_end_group()
        self.use_virtual_clip_path()
        self.use_virtual_clip_stroke_path()
        self.use_virtual_clip_text()
        self.use_virtual_clip_stroke_text()
        self.use_virtual_clip_image_mask()
        self.use_virtual_end_mask()
        self.use_virtual_pop_clip()
        self.pictures: list[Picture] = []
        self._groups: list[bool] = []
        self._clips = [_EVERYWHERE]

    def fill_image(self, _context: object, image: Any, *arguments: object) -> None:
        """Note a picture; the last arguments are its matrix, alpha and colour parameters."""
        mask = image.mask
        self._note(arguments[1] == 1.0 and mask is None)

    def fill_shade(self, _context: object, _shade: object, *arguments: object) -> None:
        """Note a shading."""
        self._note(arguments[1] == 1.0)

    def _note(self, is_opaque: bool) -> None:
        self.pictures.append(Picture(is_opaque and all(self._groups), self._clips[-1]))

    def clip_path(
        self, _context: object, path: Any, _even_odd: object, ctm: Any, *_: object
    ) -> None:
        """Enter a clip; the box around its path stands for it."""
        bounds = pymupdf.mupdf.ll_fz_bound_path(path, None, ctm)
        box = Box(bounds.x0, bounds.y0, bounds.x1, bounds.y1)
        self._clips.append(self._clips[-1].intersection(box))

    def _clip(self, *_: object) -> None:
        """Enter a clip whose size is not looked at."""
        self._clips.append(self._clips[-1])

    clip_stroke_path = clip_text = clip_stroke_text = clip_image_mask = end_mask = _clip

    def pop_clip(self, *_: object) -> None:
        """Leave the innermost clip."""
        if len(self._clips) > 1:
            self._clips.pop()

    def begin_group(self, _context: object, *arguments: object) -> None:
        """Enter a transparency group; the last argument is its alpha, before it its blend mode."""
        self._groups.append(arguments[-1] == 1.0 and arguments[-2] == 0)

    def end_group(self, _context: object) -> None:
        """Leave a transparency group."""
        if self._groups:
            self._groups.pop()
