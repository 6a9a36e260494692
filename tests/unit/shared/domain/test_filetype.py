"""File types are detected from the first bytes."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shared.domain.errors import DocumentError, EmptyInput, NotADocument, UnsupportedDocument
from shared.domain.filetype import HEAD_BYTES, sniff
from tests.support.paths import DATA


def picture(name: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, name)
    return buffer.getvalue()


def archive(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, "application/epub+zip" if name == "mimetype" else "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "kind"), [("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("TIFF", "tiff")]
)
def test_images_are_detected(name: str, kind: str) -> None:
    assert sniff(picture(name)[:HEAD_BYTES]) == kind


@pytest.mark.parametrize(
    "head",
    [
        b"%PDF-1.7\n%\xe2\xe3\n1 0 obj",
        b"\xef\xbb\xbf%PDF-1.4\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 900 + b"%PDF-1.4",
        b"\0" * 1024 + b"%PDF-1.4",
        b"%!PS-Adobe-3.0 PDF-1.4\n%PDF-1.4",
        b"%1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj \n<<",
    ],
)
def test_a_pdf_is_detected_after_junk_or_without_a_proper_header(head: bytes) -> None:
    assert sniff(head) == "pdf"


def test_a_file_with_a_header_far_from_the_start_is_not_a_pdf() -> None:
    with pytest.raises(NotADocument):
        sniff(b"\0\x01" * 700 + b"%PDF-1.4")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (picture("GIF"), "GIF"),
        (picture("BMP"), "BMP"),
        (archive("mimetype"), "EPUB"),
        (archive("[Content_Types].xml", "word/document.xml"), "DOCX"),
        (archive("notes.txt"), "ZIP"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"  \n<html lang=en>", "HTML"),
        (b"<?xml version='1.0'?><svg>", "SVG"),
        (b"%!PS-Adobe-3.0\n%%Pages: 1", "PostScript"),
        (b"{\\rtf1 hello}", "RTF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "DOC"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
    ],
)
def test_unsupported_formats_are_named_in_the_error(head: bytes, name: str) -> None:
    with pytest.raises(UnsupportedDocument, match=name):
        sniff(head)


@pytest.mark.parametrize(
    "head",
    [
        b"Dear reader,\nthis is text.\n",
        "Größe 文字".encode(),
        ("é" * 2000).encode()[: HEAD_BYTES - 1],
        "Größe".encode("utf-16"),
    ],
)
def test_plain_text_is_refused_as_plain_text(head: bytes) -> None:
    with pytest.raises(NotADocument, match="plain text"):
        sniff(head)


def test_an_empty_file_is_refused_as_empty() -> None:
    with pytest.raises(EmptyInput, match="empty"):
        sniff(b"")


def test_random_bytes_are_not_a_document() -> None:
    with pytest.raises(NotADocument):
        sniff(bytes(range(256)) * 4)


@given(st.binary(max_size=400))
def test_every_input_has_a_type_or_a_typed_error(head: bytes) -> None:
    try:
        assert sniff(head) in ("pdf", "png", "jpg", "webp", "tiff")
    except DocumentError as error:
        assert error.message


@pytest.mark.skipif(not DATA.is_dir(), reason="test documents are not here")
def test_every_sample_document_is_detected_without_its_name() -> None:
    kinds = {".pdf": "pdf", ".tif": "tiff", ".png": "png", ".jpg": "jpg", ".webp": "webp"}
    paths = [path for path in DATA.rglob("*") if path.suffix in kinds]

    assert len(paths) > 100
    wrong = {
        path.name for path in paths if sniff(path.read_bytes()[:HEAD_BYTES]) != kinds[path.suffix]
    }
    # Only a comment remains of its header, and no object is near it.
    assert wrong <= set()
