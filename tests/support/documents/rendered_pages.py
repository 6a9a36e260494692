"""Documents of four coloured quadrants, and how to look at their rendered pixels."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.domain.records.options import PageOptions
from tests.support.documents.pdf_samples import box
from workers.engines.contract import RenderPlan
from workers.pipeline.rendering import RenderResult

OPTIONS = PageOptions(engine="fake", model="fake")
SHA = "0" * 64
POINTS = RenderPlan(dpi=72)
RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)

Pixels = NDArray[np.uint8]


def pixels_of(rendered: RenderResult) -> Pixels:
    view = rendered.view
    assert view.pixels is not None
    data = np.fromfile(view.pixels, np.uint8)
    return data.reshape(view.height, view.width, 3)


def leftovers(scratch: Path) -> list[Path]:
    return [path for path in scratch.rglob("*") if path.is_file() and path.name != "lock"]


def quadrants(width: int = 200, height: int = 100) -> bytes:
    """A page whose upper left is red, upper right green, lower left blue, lower right white."""
    w, h = width / 2, height / 2
    return box(1, 0, 0, (0, h, w, h)) + box(0, 1, 0, (w, h, w, h)) + box(0, 0, 1, (0, 0, w, h))


def corners(pixels: Pixels) -> list[tuple[int, ...]]:
    """Colours in the middle of each quadrant: upper left and right, lower left and right."""
    height, width = pixels.shape[:2]
    spots = ((1, 1), (1, 3), (3, 1), (3, 3))
    return [tuple(pixels[y * height // 4, x * width // 4].tolist()) for y, x in spots]


def encoded(image: Image.Image, fmt: str = "PNG", **how: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **how)
    return buffer.getvalue()


def quadrant_image(width: int = 200, height: int = 100) -> Image.Image:
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    return image
