"""Detects pages whose text layer is hidden under a picture or lacks text that the page shows."""

from collections.abc import Sequence

import cv2
import numpy as np
import pymupdf

from workers.engines.cpu.recognition import LineRecognizer, Pixels
from workers.engines.cpu.text_layer.visible.paint_order import PICTURES, painted_pictures
from workers.engines.cpu.values import Box, Line

#: A picture that covers more than this part of the page is a scan of the page.
_SCAN_COVER = 0.75
#: A picture that covers more than this part of the page may show text.
_LARGE_PICTURE = 0.4
#: A page with more outlines and fewer characters than this may show its letters as outlines.
_MANY_OUTLINES, _LITTLE_TEXT = 100, 400
#: A layer with fewer characters than this may be only a stamp on a page with other text.
_STAMP_TEXT = 40
#: Largest part of the detected text area that the layer may lack.
_MOST_MISSING = 0.25
#: A detected line is in the layer if a line of the layer covers more than this part of it.
_SAME_LINE = 0.3
#: A look at the page at this size costs a fourth; the whole page is looked at only where that
#: look found text outside of the layer.
_REDUCED = 0.5


def is_under_picture(page: pymupdf.Page) -> bool:
    """Whether most text of ``page`` is painted before a picture that covers the page.

    An OCR program hid such text under its scan. Text shines through a translucent picture.
    """
    painted = page.get_bboxlog()
    scans = [
        index
        for index, (kind, box) in enumerate(painted)
        if kind == "fill-image"
        and (pymupdf.Rect(box) & page.rect).get_area() > _SCAN_COVER * page.rect.get_area()
    ]
    texts = [index for index, (kind, _) in enumerate(painted) if kind.endswith("-text")]
    if not scans or not _most_lie_before(texts, scans[-1]):
        return False
    pictures = [index for index, (kind, _) in enumerate(painted) if kind in PICTURES]
    known = dict(zip(pictures, painted_pictures(page), strict=False))
    opaque = {place: picture.is_opaque for place, picture in known.items()}
    return any(opaque.get(scan, True) and _most_lie_before(texts, scan) for scan in scans)


def _most_lie_before(texts: Sequence[int], picture: int) -> bool:
    return 2 * sum(index < picture for index in texts) > len(texts)


def lacks_visible_text(
    page: pymupdf.Page, lines: Sequence[Line], image: Pixels, recognizer: LineRecognizer
) -> bool:
    """Whether ``image``, the rendered ``page``, shows much text that is not in ``lines``.

    The detector runs only if large pictures, many outlines or little text make it likely.
    """
    if not _may_lack_text(page, lines):
        return False
    small = cv2.resize(image, None, fx=_REDUCED, fy=_REDUCED, interpolation=cv2.INTER_AREA)
    sizes = (np.asarray(small, np.uint8), image)
    return all(_lacks_text(page, lines, own, recognizer) for own in sizes)


def _lacks_text(
    page: pymupdf.Page, lines: Sequence[Line], image: Pixels, recognizer: LineRecognizer
) -> bool:
    """Whether the detector finds much text on ``image`` that is not in ``lines``."""
    scale = image.shape[1] / page.rect.width
    layer = [Box(*(edge * scale for edge in line.box)) for line in lines]
    found = recognizer.find_lines(image, min(image.shape[:2]))
    detected = [Box(*corner.min(axis=0), *corner.max(axis=0)) for corner in found]
    missing = [
        box
        for box in detected
        if not any(box.fraction_inside(line_box) > _SAME_LINE for line_box in layer)
    ]
    return sum(box.area for box in missing) > _MOST_MISSING * sum(box.area for box in detected)


def _may_lack_text(page: pymupdf.Page, lines: Sequence[Line]) -> bool:
    area = page.rect.get_area()
    pictures = [pymupdf.Rect(info["bbox"]) & page.rect for info in page.get_image_info()]
    if max((picture.get_area() for picture in pictures), default=0.0) > _LARGE_PICTURE * area:
        return True
    characters = sum(len(line.text) for line in lines)
    many_outlines = len(page.get_cdrawings()) > _MANY_OUTLINES
    return characters < _STAMP_TEXT or (characters < _LITTLE_TEXT and many_outlines)
