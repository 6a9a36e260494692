"""Draws pages for people to look at; only helper processes call it."""

import io

from PIL import Image

from shared.rendering.image_pages import load_image
from shared.rendering.pdf_pages import render_page
from shared.rendering.render_request import RenderRequest
from shared.rendering.render_size import RenderSize
from shared.rendering.upright import rotated

QUALITY = 78


def preview(order: RenderRequest, rotation: int, longest_side: int) -> bytes:
    """A JPEG of the page, turned clockwise by ``rotation`` degrees; raises RenderFailed."""
    image = _drawn(order, RenderSize(longest_side=longest_side))
    # Few pixels make small files by themselves; a small PDF page may be drawn larger.
    image.thumbnail((longest_side, longest_side))
    buffer = io.BytesIO()
    rotated(image, rotation).save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()


def _drawn(order: RenderRequest, wish: RenderSize) -> Image.Image:
    if order.kind != "pdf":
        return load_image(
            order.source, order.kind, order.page, wish, order.max_pixels, order.memory_mb
        )
    pixmap = render_page(order.source, order.page, wish, False, order.max_pixels)
    return Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples)
