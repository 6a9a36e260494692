"""Opens page images with Pillow and checks their memory; imported by helper processes only."""

import struct
from typing import BinaryIO

from PIL import Image

from shared.domain.errors import CorruptDocument, TooLarge
from shared.domain.filetype import Kind

#: Exceptions that Pillow's readers raise for bad content.
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
#: Share of a helper process's memory limit that a decoded image may use.
MEMORY_SHARE = 0.75
#: A JPEG can be decoded to this fraction of its side.
JPEG_REDUCTION = 8
#: Peak bytes per pixel, by mode, while an image is decoded and converted to 8 bits per channel.
_BYTES = {"1": 2, "L": 1, "P": 5, "I;16": 6, "I": 8, "F": 8}
_OTHER_BYTES = 8
_WEBP_BYTES = 12
_PROGRESSIVE_JPEG_BYTES = 8

# Pillow's own limit counts pixels, not memory; check_size replaces it.
Image.MAX_IMAGE_PIXELS = None


def open_image(stream: BinaryIO, kind: Kind) -> Image.Image:
    """The image in ``stream``, opened as ``kind`` only; its pixels are not decoded yet.

    Raises CorruptDocument.
    """
    try:
        return Image.open(stream, formats=(FORMATS[kind],))
    except IMAGE_ERRORS:
        raise CorruptDocument(f"the {FORMATS[kind]} image is damaged and can't be opened") from None


def check_size(image: Image.Image, memory_mb: int) -> None:
    """Raise TooLarge where decoding ``image`` needs too much of ``memory_mb`` MiB."""
    needed = decoding_bytes(image)
    if needed > memory_mb * MEBIBYTE * MEMORY_SHARE:
        raise TooLarge(
            f"the image of {image.width} x {image.height} pixels needs about "
            f"{needed // MEBIBYTE} MiB to decode; make it smaller or raise page_memory_mb"
        )


def decoding_bytes(image: Image.Image) -> int:
    """Estimated peak memory in bytes for decoding ``image``."""
    pixels = image.width * image.height
    if image.format in ("JPEG", "MPO"):
        if image.info.get("progressive"):
            return pixels * _PROGRESSIVE_JPEG_BYTES
        return pixels * _OTHER_BYTES // JPEG_REDUCTION**2
    if image.format == "WEBP":
        return pixels * _WEBP_BYTES
    return pixels * _BYTES.get(image.mode.split(";")[0], _BYTES.get(image.mode, _OTHER_BYTES))
