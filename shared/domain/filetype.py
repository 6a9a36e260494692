"""Detects the type of a file from its first bytes; the file name is ignored."""

import re
from typing import Literal

from shared.domain.errors import EmptyInput, NotADocument, UnsupportedDocument

Kind = Literal["pdf", "png", "jpg", "webp", "tiff"]
#: Number of leading bytes that ``sniff`` needs.
HEAD_BYTES = 2048
#: PDF readers accept this many bytes before the header.
PDF_JUNK_BYTES = 1024
#: Content with fewer than one control character in this many bytes is plain text.
TEXT_PURITY = 50

_PDF_OBJECT = re.compile(rb"(^|[\s>])\d{1,10} \d{1,5} obj\b")
_SUPPORTED: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
)
_UNSUPPORTED: tuple[tuple[bytes, str], ...] = (
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    (b"\x97JB2\r\n\x1a\n", "a JBIG2 image"),
    (b"8BPS", "a Photoshop image"),
    (b"\0\0\x01\0", "an icon"),
    (b"AT&TFORM", "a DjVu document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "an EPS document"),
    (b"{\\rtf", "an RTF document"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (DOC, XLS, PPT)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"ID3", "an audio file"),
    (b"OggS", "an audio or video file"),
    (b"\x1aE\xdf\xa3", "a video file"),
)
#: Text near the start of a ZIP container; the first match counts.
_IN_ZIP: tuple[tuple[bytes, str], ...] = (
    (b"application/epub+zip", "an EPUB book"),
    (b"application/vnd.oasis.opendocument", "an OpenDocument file"),
    (b"word/", "a Word document (DOCX)"),
    (b"xl/", "an Excel workbook (XLSX)"),
    (b"ppt/", "a PowerPoint presentation (PPTX)"),
    (b"[Content_Types].xml", "an Office document"),
)
_HEIF_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"hevc", b"avif", b"avis")


def sniff(head: bytes) -> Kind:
    """The type of the file that begins with ``head``: its first HEAD_BYTES, or all of it.

    Raises EmptyInput, UnsupportedDocument (a recognised format) or NotADocument.
    """
    if not head:
        raise EmptyInput("the file is empty (0 bytes)")
    kind = _supported(head)
    if kind is not None:
        return kind
    unsupported = _unsupported(head)
    if unsupported is not None:
        raise UnsupportedDocument(
            f"this is {unsupported}; convert it to PDF, PNG, JPEG, TIFF or WebP first"
        )
    if _is_plain(head):
        raise NotADocument("this is plain text; name a PDF or a PNG, JPEG, TIFF or WebP image")
    raise NotADocument("this is neither a PDF nor a PNG, JPEG, TIFF or WebP image")


def _supported(head: bytes) -> Kind | None:
    for magic, kind in _SUPPORTED:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return "pdf" if _is_pdf(head) else None


def _is_pdf(head: bytes) -> bool:
    # MuPDF repairs files with "%PDF" without the dash and files without a header.
    if b"%PDF" in head[: PDF_JUNK_BYTES + 4]:
        return not head.startswith(b"%!PS") or b"%PDF-" in head[: PDF_JUNK_BYTES + 5]
    return head.startswith(b"%") and _PDF_OBJECT.search(head[:PDF_JUNK_BYTES]) is not None


def _unsupported(head: bytes) -> str | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next((name for mark, name in _IN_ZIP if mark in head), "a ZIP archive")
    for magic, name in _UNSUPPORTED:
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return "a HEIF or AVIF image" if head[8:12] in _HEIF_BRANDS else "a video file"
    if head[:4] == b"RIFF":
        return "an audio or video file"
    return _marked_up(head)


def _marked_up(head: bytes) -> str | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "an HTML page"
    if b"<svg" in start[:512] and start.startswith(b"<"):
        return "an SVG image"
    if start.startswith(b"<?xml"):
        return "an XML file"
    return None


def _is_plain(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        # The head may end inside of a character.
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return controls * TEXT_PURITY < len(head)
