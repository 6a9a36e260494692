"""Opens the selected pages of a source as a PDF; called in helper processes only."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from shared.domain.errors import EncryptedDocument, PageError, RenderFailed
from shared.domain.filetype import Kind
from shared.rendering.image_pages import load_original
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.page_size import POINTS_PER_INCH
from shared.rendering.pdf_file import PDF_ERRORS, memory_errors, open_pdf, raise_if_memory
from shared.rendering.text_layer.active_content import remove_active_content

#: Resolution of images whose files name none, or one that no page has.
DEFAULT_DPI = 200
_LOWEST_DPI, _HIGHEST_DPI = 36, 2400
#: Gray and colour images are stored without loss up to this size, and as JPEG above it.
MAX_LOSSLESS_BYTES = 8 * 1024 * 1024
JPEG_QUALITY = 90
#: The largest side of a PDF page, in points.
_MAX_POINTS = 14400
_COLOR_SPACES = {"1": "DeviceGray", "L": "DeviceGray", "RGB": "DeviceRGB"}
#: A page that can't be decoded, in points.
_EMPTY_PAGE = (595, 842)


@dataclass(frozen=True)
class PdfRequest:
    """Pages of a local file, 1-based and ascending, and the PDF to write."""

    source: Path
    kind: Kind
    pages: tuple[int, ...]
    output: Path
    memory_mb: int


@contextmanager
def selected_pages(request: PdfRequest) -> "Iterator[pymupdf.Document]":
    """A document with exactly the pages of ``request`` in order; raises DocumentError."""
    try:
        with memory_errors(), _opened(request) as document:
            yield document
    except PDF_ERRORS as error:
        raise_if_memory(error)
        reason = " ".join(str(error).split())[:200]
        raise RenderFailed(f"the PDF can't be written ({reason})") from None


def save(document: "pymupdf.Document", path: Path) -> None:
    """Write ``document`` without its active content; equal documents give equal bytes."""
    remove_active_content(document)
    none = pymupdf.PDF_ENCRYPT_NONE
    document.save(path, garbage=1, deflate=False, encryption=none, no_new_id=True)


def _opened(request: PdfRequest) -> "pymupdf.Document":
    if request.kind != "pdf":
        return _of_images(request)
    document = open_pdf(request.source)
    if document.needs_pass:
        raise EncryptedDocument("the stored PDF is encrypted; submit it with --password-file")
    if request.pages != tuple(range(1, document.page_count + 1)):
        document.select([page - 1 for page in request.pages])
    return document


def _of_images(request: PdfRequest) -> "pymupdf.Document":
    document = pymupdf.open()
    for page in request.pages:
        try:
            _add_image(document, request, page)
        except PageError:
            # The ledger says why; the page numbers stay right.
            document.new_page(width=_EMPTY_PAGE[0], height=_EMPTY_PAGE[1])
    return document


def _add_image(document: "pymupdf.Document", request: PdfRequest, page: int) -> None:
    original = load_original(request.source, request.kind, page, request.memory_mb)
    image = original.image.convert("1") if original.bilevel else original.image
    if image.mode not in _COLOR_SPACES:
        image = image.convert("RGB")
    width, height = _points(image.size, original.dpi)
    jpeg = request.source.read_bytes() if original.plain_jpeg else None
    xref = _image_object(document, image, jpeg)
    added = document.new_page(width=width, height=height)
    content = document.get_new_xref()
    document.update_object(content, "<<>>")
    document.update_stream(content, f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /Page Do Q".encode())
    document.xref_set_key(added.xref, "Contents", f"{content} 0 R")
    document.xref_set_key(added.xref, "Resources", f"<< /XObject << /Page {xref} 0 R >> >>")


def _points(size: tuple[int, int], dpi: tuple[float, float]) -> tuple[float, float]:
    used = [each if _LOWEST_DPI <= each <= _HIGHEST_DPI else DEFAULT_DPI for each in dpi]
    points = [side * POINTS_PER_INCH / each for side, each in zip(size, used, strict=True)]
    shrink = min(1.0, _MAX_POINTS / max(points))
    return points[0] * shrink, points[1] * shrink


def _image_object(document: "pymupdf.Document", image: Image.Image, jpeg: bytes | None) -> int:
    xref: int = document.get_new_xref()
    depth = 1 if image.mode == "1" else 8
    keys = (
        f"/Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} "
        f"/BitsPerComponent {depth} /ColorSpace /{_COLOR_SPACES[image.mode]}"
    )
    if jpeg is None and image.mode != "1" and _bytes(image) > MAX_LOSSLESS_BYTES:
        jpeg = _as_jpeg(image)
    document.update_object(xref, f"<< {keys} >>")
    if jpeg is None:
        document.update_stream(xref, image.tobytes(), compress=True)
    else:
        document.update_stream(xref, jpeg, compress=False)
        document.xref_set_key(xref, "Filter", "/DCTDecode")
    return xref


def _bytes(image: Image.Image) -> int:
    return image.width * image.height * len(image.getbands())


def _as_jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return buffer.getvalue()
