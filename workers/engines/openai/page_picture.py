"""A page as the PNG file that is sent to the server; written by helper processes."""

import base64
import io
from pathlib import Path

from PIL import Image

from shared.domain.records.options import PageOptions

_PREFIX = "data:image/png;base64,"
#: Compression level 1: on a local network higher levels cost more time than they save.
_LEVEL = 1


def write_picture(image: Image.Image, _options: PageOptions, out: Path) -> None:
    """Write ``image`` to ``out`` as PNG, so that the server gets exactly the rendered pixels.

    JPEG would need a fifth of the bytes, but blurs small print before the model resizes it.
    """
    image.save(out, "PNG", compress_level=_LEVEL)


def as_png(image: Image.Image) -> bytes:
    """``image`` as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=_LEVEL)
    return buffer.getvalue()


def as_image(picture: bytes) -> Image.Image:
    """The image in a PNG file."""
    return Image.open(io.BytesIO(picture))


def as_data_uri(picture: bytes) -> str:
    """A PNG file as a ``data:`` URI."""
    return _PREFIX + base64.b64encode(picture).decode("ascii")
