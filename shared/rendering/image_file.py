"""Opens page images with Pillow inside limits; only helper processes import this."""

import struct
from typing import BinaryIO

from PIL import Image

from shared.domain.errors import CorruptDocument, TooLarge
from shared.domain.filetype import Kind

#: What Pillow's readers raise over bad content.
IMAGE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    AssertionError,
    struct.error,
)
FORMATS: dict[str, str] = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tiff": "TIFF"}
MEBIBYTE = 1024 * 1024
#: Share of a helper's memory that a decoded image may take.
MEMORY_SHARE = 0.75
#: Smallest size to which a JPEG can be decoded, as a divisor of its side.
JPEG_REDUCTION = 8
#: Bytes per pixel while an image is decoded and brought to eight bits a channel.
_BYTES = {"1": 2, "L": 1, "P": 5, "I;16": 6, "I": 8, "F": 8}
_OTHER_BYTES = 8
_WEBP_BYTES = 12
_PROGRESSIVE_JPEG_BYTES = 8

# Pillow's own guard counts pixels, not memory; check_size below takes its place.
Image.MAX_IMAGE_PIXELS = None


def open_image(stream: BinaryIO, kind: Kind) -> Image.Image:
    """The image in ``stream``, read as ``kind`` and as nothing else; its pixels not yet.

    Raises CorruptDocument.
    """
    try:
        return Image.open(stream, formats=(FORMATS[kind],))
    except IMAGE_ERRORS:
        raise CorruptDocument(f"the {FORMATS[kind]} image is damaged and can't be opened") from None


def check_size(image: Image.Image, memory_mb: int) -> None:
    """Raise TooLarge where decoding ``image`` would take too much of ``memory_mb``."""
    needed = decoding_bytes(image)
    if needed > memory_mb * MEBIBYTE * MEMORY_SHARE:
        raise TooLarge(
            f"the image of {image.width} x {image.height} pixels needs about "
            f"{needed // MEBIBYTE} MiB to decode; make it smaller or raise page_memory_mb"
        )


def decoding_bytes(image: Image.Image) -> int:
    """About how many bytes it takes to decode ``image`` for a page's rendering."""
    pixels = image.width * image.height
    if image.format in ("JPEG", "MPO"):
        if image.info.get("progressive"):
            return pixels * _PROGRESSIVE_JPEG_BYTES
        return pixels * _OTHER_BYTES // JPEG_REDUCTION**2
    if image.format == "WEBP":
        return pixels * _WEBP_BYTES
    return pixels * _BYTES.get(image.mode.split(";")[0], _BYTES.get(image.mode, _OTHER_BYTES))
