"""Draws the boxes of blocks over page images and pages of PDFs; for helper processes."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from shared.domain.records.base import Record
from shared.domain.records.page_result import BBox, Block, BlockType
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.pdf_file import PDF_ERRORS, raise_if_memory
from shared.rendering.pdf_of_pages import PdfRequest, save, selected_pages
from shared.rendering.previews.box_colors import color_of
from shared.rendering.previews.preview import preview
from shared.rendering.render_request import RenderRequest
from shared.rendering.upright import LAST

#: Share of the colour in the filling of a box.
FILL = 0.12
#: Labels and lines, as shares of the page's longer side.
_LABEL, _LINE = 1 / 90, 1 / 800
JPEG_QUALITY = 85
_A4 = (595.0, 842.0)


class Box(Record):
    """The place and kind of a block; ``number`` counts in reading order."""

    number: int
    type: BlockType
    bbox: BBox

    @property
    def label(self) -> str:
        """What stands beside the box."""
        return f"{self.number} {self.type}"


class PageBoxes(Record):
    """The boxes of one page, which is turned upright by ``rotation`` degrees clockwise."""

    page: int
    rotation: int = 0
    boxes: tuple[Box, ...] = ()


def page_boxes(page: int, rotation: int, blocks: Sequence[Block]) -> PageBoxes:
    """The boxes of ``blocks``, which are in reading order."""
    boxes = (
        Box(number=number, type=block.type, bbox=block.bbox)
        for number, block in enumerate(blocks, 1)
    )
    return PageBoxes(page=page, rotation=rotation, boxes=tuple(boxes))


def boxes_picture(request: RenderRequest, page: PageBoxes, longest_side: int) -> bytes:
    """A JPEG of the upright page with its boxes; raises RenderFailed."""
    image = Image.open(io.BytesIO(preview(request, page.rotation, longest_side))).convert("RGB")
    drawing = ImageDraw.Draw(image, "RGBA")
    longest = max(image.size)
    font = ImageFont.load_default(max(8, round(longest * _LABEL)))
    for box in page.boxes:
        color = color_of(box.type)
        left, top, right, bottom = _placed(box.bbox, *image.size)
        area = (left, top, max(left + 1, right), max(top + 1, bottom))
        line = max(1, round(longest * _LINE))
        drawing.rectangle(area, (*color, round(255 * FILL)), (*color, 255), line)
        place = (left, max(0.0, top - font.getbbox(box.label)[3] - line))
        drawing.text(place, box.label, (*color, 255), font, stroke_width=2, stroke_fill="white")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def write_layout_pdf(request: PdfRequest, pages: Path) -> None:
    """Write the upright pages with their boxes; ``pages`` has a line of JSON for each PageBoxes.

    Annotations become part of the page's picture; scripts, links and attachments of the source
    are left out. Raises DocumentError.
    """
    with selected_pages(request) as source, pymupdf.open() as drawn:
        if request.kind == "pdf":
            source.bake()
        for number, page in enumerate(_read(pages)):
            _draw(drawn, source, number, page)
        save(drawn, request.output)


def _read(pages: Path) -> Iterator[PageBoxes]:
    with pages.open("rb") as lines:
        for line in lines:
            yield PageBoxes.model_validate_json(line)


def _draw(
    drawn: "pymupdf.Document", source: "pymupdf.Document", number: int, boxes: PageBoxes
) -> None:
    width, height = _size(source, number)
    if boxes.rotation in (90, 270):
        width, height = height, width
    page = drawn.new_page(width=width, height=height)
    try:
        # PyMuPDF places a page without its /Rotate, and turns counter-clockwise.
        shown = source[number].rotation
        source[number].set_rotation(0)
        page.show_pdf_page(page.rect, source, number, rotate=-(shown + boxes.rotation) % 360)
    except PDF_ERRORS as error:
        # An empty or damaged page: the boxes are drawn on white.
        raise_if_memory(error)
    _draw_boxes(page, boxes.boxes)


def _size(source: "pymupdf.Document", number: int) -> tuple[float, float]:
    try:
        rect = source[number].rect
    except PDF_ERRORS as error:
        raise_if_memory(error)
        return _A4
    return (rect.width, rect.height) if not rect.is_empty else _A4


def _draw_boxes(page: "pymupdf.Page", boxes: Sequence[Box]) -> None:
    width, height = page.rect.width, page.rect.height
    size, line = max(width, height) * _LABEL, max(width, height) * _LINE
    shape = page.new_shape()
    for box in boxes:
        red, green, blue = color_of(box.type)
        color = (red / 255, green / 255, blue / 255)
        area = pymupdf.Rect(_placed(box.bbox, width, height))
        shape.draw_rect(area)
        shape.finish(color=color, fill=color, fill_opacity=FILL, width=line)
        place = (area.x0, max(size, area.y0 - line))
        shape.insert_text(place, box.label, fontsize=size, color=color)
    shape.commit()


def _placed(box: BBox, width: float, height: float) -> tuple[float, float, float, float]:
    left, right = sorted((box[0] / LAST * width, box[2] / LAST * width))
    top, bottom = sorted((box[1] / LAST * height, box[3] / LAST * height))
    return left, top, right, bottom
