"""Runs in a helper process: renders a page, tests if it is blank, prepares it, cuts figures."""

import errno
import importlib
import io
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from shared.domain.errors import HelperUnavailable, RenderFailed
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import BBox
from shared.rendering.image_pages import load_image, load_parts
from shared.rendering.pdf_pages import render_page_with_text, render_parts
from shared.rendering.render_request import RenderRequest
from shared.rendering.text_block import TextBlock
from shared.rendering.upright import rendered_part, rotated
from workers.engines.contract import RenderPlan, Rotation
from workers.pipeline.blank_page import Pixels, is_blank, strong_ink
from workers.pipeline.page_evidence import PageEvidence
from workers.pipeline.rendering_calls import RenderedPixels

Prepare = Callable[[Image.Image, PageOptions, Path], None]
MAX_CROP_PIXELS = 4_000_000
MAX_CROP_BYTES = 8 * 1024 * 1024
_PREPARE_NAME = re.compile(r"(workers(?:\.[a-z][a-z0-9_]*)+):([a-z][a-z0-9_]*)")


@dataclass(frozen=True)
class Bitmap:
    """RGB bytes, row by row; ``data`` is memory of ``owner``, which must stay referenced."""

    width: int
    height: int
    data: memoryview
    owner: object

    @property
    def pixels(self) -> Pixels:
        """The same memory as an array of height, width and colour."""
        return np.frombuffer(self.data, np.uint8).reshape(self.height, self.width, 3)


def render(
    request: RenderRequest,
    plan: RenderPlan,
    options: PageOptions,
    pixels_file: Path,
    prepared_file: Path,
) -> RenderedPixels:
    """Write the page's RGB bytes to ``pixels_file`` and, unless it is blank, the engine's input.

    Raises RenderFailed, HelperUnavailable or MemoryError.
    """
    started = time.perf_counter()
    bitmap, layer = _bitmap(request, plan, options)
    ink = strong_ink(bitmap.pixels)
    blank = is_blank(bitmap.pixels, ink)
    if plan.keep_pixels:
        _write_all(pixels_file, bitmap.data)
    rendered = time.perf_counter()
    if plan.prepare is not None and not blank:
        resolve_prepare(plan.prepare)(Image.fromarray(bitmap.pixels), options, prepared_file)
    ended = time.perf_counter()
    render_ms, prepare_ms = (rendered - started) * 1000, (ended - rendered) * 1000
    evidence = PageEvidence.of(ink, layer)
    return RenderedPixels(bitmap.width, bitmap.height, blank, evidence, render_ms, prepare_ms)


def crop(request: RenderRequest, rotation: Rotation, boxes: tuple[BBox, ...]) -> list[bytes]:
    """PNG files of ``boxes``, on the rendered page turned clockwise by ``rotation``."""
    parts = [rendered_part(box, rotation) for box in boxes]
    if request.kind == "pdf":
        images = render_parts(request.source, request.page, parts, MAX_CROP_PIXELS)
    else:
        images = load_parts(
            request.source, request.kind, request.page, parts, MAX_CROP_PIXELS, request.memory_mb
        )
    return [_png(rotated(image, rotation)) for image in images]


def resolve_prepare(name: str) -> Prepare:
    """The function called ``name`` ("workers.module:function"); raises ValueError."""
    match = _PREPARE_NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} does not name a function of the workers package")
    function: Prepare = getattr(importlib.import_module(match[1]), match[2])
    return function


def _bitmap(
    request: RenderRequest, plan: RenderPlan, options: PageOptions
) -> tuple[Bitmap, tuple[TextBlock, ...]]:
    """The rendered page, and its text layer where it has one."""
    if request.kind == "pdf":
        pixmap, layer = render_page_with_text(
            request.source, request.page, plan, options.exact, request.max_pixels
        )
        return Bitmap(pixmap.width, pixmap.height, pixmap.samples_mv, pixmap), layer
    image = load_image(
        request.source, request.kind, request.page, plan, request.max_pixels, request.memory_mb
    )
    data = image.tobytes()
    return Bitmap(image.width, image.height, memoryview(data), data), ()


def _write_all(path: Path, data: memoryview) -> None:
    try:
        with path.open("xb", buffering=0) as file:
            written = 0
            while written < len(data):
                written += file.write(data[written:])
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOENT):
            reason = f"no space for pixels in {path.parent}: {error.strerror}"
            raise HelperUnavailable(reason) from None
        raise


def _png(image: Image.Image) -> bytes:
    while True:
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=6)
        if buffer.tell() <= MAX_CROP_BYTES:
            return buffer.getvalue()
        if min(image.size) < 2:
            raise RenderFailed("a figure can't be stored within its size limit")
        image = image.reduce(2)
