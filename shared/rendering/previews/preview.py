"""Renders small JPEGs of pages for reports; called in helper processes only."""

import io

from PIL import Image

from shared.rendering.image_pages import load_image
from shared.rendering.pdf_pages import render_page
from shared.rendering.render_request import RenderRequest
from shared.rendering.render_size import RenderSize
from shared.rendering.upright import rotated

QUALITY = 78


def preview(request: RenderRequest, rotation: int, longest_side: int) -> bytes:
    """A JPEG of the page, rotated clockwise by ``rotation`` degrees; raises RenderFailed."""
    image = _render(request, RenderSize(longest_side=longest_side))
    # A small PDF page may have been rendered larger than ``longest_side``.
    image.thumbnail((longest_side, longest_side))
    buffer = io.BytesIO()
    rotated(image, rotation).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def _render(request: RenderRequest, size: RenderSize) -> Image.Image:
    if request.kind != "pdf":
        return load_image(
            request.source, request.kind, request.page, size, request.max_pixels, request.memory_mb
        )
    pixmap = render_page(request.source, request.page, size, False, request.max_pixels)
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
