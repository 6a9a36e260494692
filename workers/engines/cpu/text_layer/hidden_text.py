"""Finds out whether a page shows text that its text layer lacks, or hides the layer's own."""

from collections.abc import Sequence

import pymupdf

from workers.engines.cpu.ocr.recognizer import Pixels, Recognizer
from workers.engines.cpu.values import Box, Line

#: A picture over this part of the page is the page; over this part it may hide text.
_COVER, _LARGE_PICTURE = 0.75, 0.4
#: Outlines may be letters where there are more of them than this and little text.
_MANY_DRAWINGS, _LITTLE_TEXT = 100, 400
#: So few characters may be a stamp on a page whose text is elsewhere.
_HARDLY_ANY = 40
#: The part of what the detector finds that a layer may lack.
_MOST_MISSED = 0.25


def is_under_picture(page: pymupdf.Page) -> bool:
    """Whether a picture over most of ``page`` is painted after most of its text.

    Such text is the work of an OCR program, hidden below its scan.
    """
    painted = page.get_bboxlog()
    covers = [
        place
        for place, (what, box) in enumerate(painted)
        if what == "fill-image"
        and (pymupdf.Rect(box) & page.rect).get_area() > _COVER * page.rect.get_area()
    ]
    texts = [place for place, (what, _) in enumerate(painted) if what.endswith("-text")]
    below = sum(place < covers[-1] for place in texts) if covers else 0
    return 2 * below > len(texts)


def misses_much(
    page: pymupdf.Page, lines: Sequence[Line], image: Pixels, recognizer: Recognizer
) -> bool:
    """Whether ``image``, a rendering of ``page``, shows much text that ``lines`` lack.

    It is looked for only where large pictures or many outlines give reason.
    """
    if not _may_miss_text(page, lines):
        return False
    scale = image.shape[1] / page.rect.width
    boxes = [Box(*(edge * scale for edge in line.box)) for line in lines]
    found = [Box(*corner.min(axis=0), *corner.max(axis=0)) for corner in recognizer.find(image)]
    missed = [box for box in found if not any(box.share_in(known) > 0.3 for known in boxes)]
    return sum(box.area for box in missed) > _MOST_MISSED * sum(box.area for box in found)


def _may_miss_text(page: pymupdf.Page, lines: Sequence[Line]) -> bool:
    area = page.rect.get_area()
    pictures = [pymupdf.Rect(info["bbox"]) & page.rect for info in page.get_image_info()]
    if max((picture.get_area() for picture in pictures), default=0.0) > _LARGE_PICTURE * area:
        return True
    characters = sum(len(line.text) for line in lines)
    many = len(page.get_cdrawings()) > _MANY_DRAWINGS
    return characters < _HARDLY_ANY or (characters < _LITTLE_TEXT and many)
