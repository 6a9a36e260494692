"""Reads the blocks of a page's text layer, without judging them; in helper processes only."""

from shared.domain.records.page_result import BBox
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.text_block import TextBlock

#: Characters that are read of one page; later ones are left out.
MAX_CHARACTERS = 50_000
#: Coordinates of boxes are 0 to 999.
_SCALE_MAX = 999
_FLAGS = (
    pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_PRESERVE_IMAGES | pymupdf.TEXT_MEDIABOX_CLIP
)
_IMAGE = 1


def text_blocks(display_list: pymupdf.DisplayList, page: pymupdf.Rect) -> tuple[TextBlock, ...]:
    """The blocks of a page in the order of the file, invisible ones too."""
    found = pymupdf.TextPage(display_list.get_textpage(_FLAGS)).extractBLOCKS()
    blocks, left = [], MAX_CHARACTERS
    for x0, y0, x1, y1, text, _number, kind in found:
        if left <= 0:
            break
        words = "" if kind == _IMAGE else text[:left]
        left -= len(words)
        box = pymupdf.Rect(x0, y0, x1, y1) & page
        if not box.is_empty:
            blocks.append(TextBlock(_scaled(box, page), words))
    return tuple(blocks)


def _scaled(box: pymupdf.Rect, page: pymupdf.Rect) -> BBox:
    across, down = _SCALE_MAX / page.width, _SCALE_MAX / page.height
    return (
        round((box.x0 - page.x0) * across),
        round((box.y0 - page.y0) * down),
        round((box.x1 - page.x0) * across),
        round((box.y1 - page.y0) * down),
    )
