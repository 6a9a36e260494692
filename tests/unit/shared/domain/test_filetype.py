"""Files are told apart by their bytes."""

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
def test_images_are_known_by_their_bytes(name: str, kind: str) -> None:
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
def test_a_pdf_is_known_even_behind_junk_or_without_a_proper_header(head: bytes) -> None:
    assert sniff(head) == "pdf"


def test_a_header_far_inside_the_file_is_no_pdf() -> None:
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
def test_foreign_formats_are_refused_by_name(head: bytes, name: str) -> None:
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
def test_plain_text_is_not_a_document_and_is_called_text(head: bytes) -> None:
    with pytest.raises(NotADocument, match="plain text"):
        sniff(head)


def test_an_empty_file_is_called_empty() -> None:
    with pytest.raises(EmptyInput, match="empty"):
        sniff(b"")


def test_binary_rubbish_is_not_a_document() -> None:
    with pytest.raises(NotADocument):
        sniff(bytes(range(256)) * 4)


@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_kind_or_a_typed_refusal(head: bytes) -> None:
    try:
        assert sniff(head) in ("pdf", "png", "jpg", "webp", "tiff")
    except DocumentError as error:
        assert error.message


@pytest.mark.skipif(not DATA.is_dir(), reason="test documents are not here")
def test_every_real_document_is_recognised_without_its_name() -> None:
    kinds = {".pdf": "pdf", ".tif": "tiff", ".png": "png", ".jpg": "jpg", ".webp": "webp"}
    paths = [path for path in DATA.rglob("*") if path.suffix in kinds]

    assert len(paths) > 100
    wrong = {
        path.name for path in paths if sniff(path.read_bytes()[:HEAD_BYTES]) != kinds[path.suffix]
    }
    # Its comment is all that is left of the header, and no object is named near it.
    assert wrong <= set()
