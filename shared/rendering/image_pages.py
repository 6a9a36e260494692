"""Converts page images of any mode to upright RGB; imported by helper processes only."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image, ImageCms
from PIL.Image import Resampling, Transpose

from shared.domain.errors import CorruptDocument, RenderFailed, TooLarge
from shared.domain.filetype import Kind
from shared.rendering.image_file import IMAGE_ERRORS, check_size, decoding_bytes, open_image
from shared.rendering.open_documents import close_document, open_cached
from shared.rendering.page_size import image_size, square_pixels
from shared.rendering.render_size import RenderSize
from shared.rendering.upright import Part

_ORIENTATION_TAG = 0x0112
_PHOTOMETRIC_TAG = 262
_WHITE_IS_ZERO = 0
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
#: Orientations that exchange width and height.
_SIDEWAYS = (5, 6, 7, 8)
#: Images are decoded at this multiple of the final size before resampling.
REDUCING_GAP = 2.0
#: An open TIFF keeps the frame decoded last; TIFFs with larger frames are closed after use.
MAX_OPEN_BYTES = 64 * 1024 * 1024
#: Bits per channel that are used in files with 16 bits per channel.
_DEPTHS = (8, 10, 12, 14, 16)


def load_image(
    path: Path, kind: Kind, page: int, size: RenderSize, max_pixels: int, memory_mb: int
) -> Image.Image:
    """The page as upright RGB on white, at most of ``size``; raises RenderFailed."""
    with _frame(path, kind, page, memory_mb) as image:
        stretch = square_pixels(_resolution(image))
        orientation = _orientation(image, kind)
        planned = image_size(image.size, stretch, size, max_pixels)
        draft = (int(planned[0] * REDUCING_GAP), int(planned[1] * REDUCING_GAP))
        # Works for JPEGs only: they decode faster and in less memory.
        image.draft(None, draft)
        image.load()
        if kind == "tiff":  # Pillow applies the orientation of a TIFF while loading it
            planned = image_size(image.size, stretch, size, max_pixels)
        page_image = _resized(_reducible(image), planned)
        return _upright(page_image.convert("RGB"), orientation)


@dataclass(frozen=True)
class OriginalPage:
    """A page image at its own resolution, upright, in a mode that can be resampled."""

    image: Image.Image
    #: Dots per inch across and down the upright page; 0 where the file does not say.
    dpi: tuple[float, float]
    #: Whether it has only black and white pixels.
    bilevel: bool
    #: Whether the pixels are stored upright in a JPEG of gray or RGB.
    plain_jpeg: bool


def load_original(path: Path, kind: Kind, page: int, memory_mb: int) -> OriginalPage:
    """The page as it is in the file; raises RenderFailed."""
    with _frame(path, kind, page, memory_mb) as image:
        orientation = _orientation(image, kind)
        bilevel, stored = image.mode == "1", image.mode
        image.load()
        dpi = _resolution(image)
        turned = orientation in _SIDEWAYS
        return OriginalPage(
            _upright(_reducible(image), orientation),
            (dpi[1], dpi[0]) if turned else dpi,
            bilevel,
            image.format == "JPEG" and orientation == 1 and stored in ("L", "RGB"),
        )


def load_parts(
    path: Path, kind: Kind, page: int, parts: list[Part], max_pixels: int, memory_mb: int
) -> list[Image.Image]:
    """Crops of the upright page at the image's own resolution; raises RenderFailed."""
    with _frame(path, kind, page, memory_mb) as image:
        orientation = _orientation(image, kind)
        image.load()
        upright = _upright(_reducible(image), orientation)
        return [_crop(upright, part, max_pixels) for part in parts]


def _crop(upright: Image.Image, part: Part, max_pixels: int) -> Image.Image:
    crop = upright.crop(part.pixels(*upright.size))
    shrink = min(1.0, (max_pixels / (crop.width * crop.height)) ** 0.5)
    size = (max(1, int(crop.width * shrink)), max(1, int(crop.height * shrink)))
    return _resized(crop, size).convert("RGB")


@contextmanager
def _frame(path: Path, kind: Kind, page: int, memory_mb: int) -> Iterator[Image.Image]:
    try:
        with _opened(path, kind) as image:
            _seek(image, kind, page)
            check_size(image, memory_mb)
            yield image
    except (CorruptDocument, TooLarge) as error:
        raise RenderFailed(error.message) from None
    except IMAGE_ERRORS as error:
        reason = " ".join(str(error).split())[:200]
        raise RenderFailed(f"page {page} of the image can't be decoded ({reason})") from None


@contextmanager
def _opened(path: Path, kind: Kind) -> Iterator[Image.Image]:
    if kind != "tiff":
        with path.open("rb") as stream, open_image(stream, kind) as image:
            yield image
        return
    # Kept open for the next page: finding frame 1000 means reading 1000 directories.
    image = open_cached(path, lambda path: open_image(path.open("rb"), kind))
    keep = False
    try:
        yield image
        keep = decoding_bytes(image) <= MAX_OPEN_BYTES
    finally:
        if not keep:
            close_document(path)


def _seek(image: Image.Image, kind: Kind, page: int) -> None:
    if kind != "tiff":
        page_exists = page == 1
    else:
        page_exists = page >= 1
        try:
            image.seek(page - 1)
        except EOFError:
            page_exists = False
    if not page_exists:
        raise RenderFailed(f"the document has no page {page}")


def _resolution(image: Image.Image) -> tuple[float, float]:
    dpi = image.info.get("dpi")
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return (0.0, 0.0)
    return float(dpi[0]), float(dpi[1])


def _orientation(image: Image.Image, kind: Kind) -> int:
    if kind == "tiff":
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except IMAGE_ERRORS:
        # Broken metadata; the pixels may still be good.
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if image.size == size:
        return image
    return image.resize(size, Resampling.BICUBIC, reducing_gap=REDUCING_GAP)


def _reducible(image: Image.Image) -> Image.Image:
    """``image`` in a mode that can be resampled: L, RGB, CMYK or YCbCr."""
    if image.mode in ("L", "RGB", "CMYK", "YCbCr"):
        return image if "transparency" not in image.info else _on_white(image)
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I;16"):
        return _from_sixteen_bits(image)
    if image.mode in ("I", "F"):
        return _from_wide(image)
    if image.mode == "LAB":
        return _from_lab(image)
    return _on_white(image)


def _on_white(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    paper = Image.new("RGBA", layer.size, "white")
    paper.alpha_composite(layer)
    return paper.convert("RGB")


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.uint16)
    used = int(values.max()).bit_length()
    depth = next(bits for bits in _DEPTHS if bits >= used)
    gray = (values >> (depth - 8)).astype(np.uint8)
    tags = getattr(image, "tag_v2", {})
    return Image.fromarray(255 - gray if tags.get(_PHOTOMETRIC_TAG) == _WHITE_IS_ZERO else gray)


def _from_wide(image: Image.Image) -> Image.Image:
    values = np.nan_to_num(np.asarray(image, np.float32), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if low >= 0 and 255 < high <= 65535 and image.mode == "I":
        low, high = 0.0, 65535.0
    elif low >= 0 and 1 < high <= 255:
        low, high = 0.0, 255.0
    scaled = (values - low) * (255 / max(high - low, 1e-12))
    return Image.fromarray(scaled.astype(np.uint8))


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
    return cast(Image.Image, ImageCms.applyTransform(image, transform))
