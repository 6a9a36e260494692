"""Generates the documents of the comparison, one for each kind of page."""

import io
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pymupdf
from PIL import Image, ImageFilter

from benchmarks.documents import EXAMPLES
from benchmarks.tables.documents import write_documents

_TABLE_STYLES = 10
_SCAN_DPI = 200
_CODE_LINES = 46


def prose_pages(path: Path, pages: int) -> None:
    """Pages of an article in columns, with headings and a few short tables."""
    _repeat([EXAMPLES / "article.pdf"], path, pages)


def table_pages(path: Path, pages: int) -> None:
    """A table on each page, in ten styles."""
    folder = path.parent / "tables"
    _repeat(write_documents(folder, -(-pages // _TABLE_STYLES)), path, pages)


def code_pages(path: Path, pages: int) -> None:
    """A listing on each page, with a heading and a sentence above it."""
    sources = sorted(Path(__file__).parent.parent.rglob("*.py"))
    lines = [line for source in sources for line in source.read_text().splitlines()]
    with pymupdf.open() as document:
        for number in range(pages):
            page = document.new_page()
            page.insert_text((60, 70), f"Listing {number + 1}", fontname="hebo", fontsize=15)
            page.insert_text((60, 95), "The module below is a part of the program.", fontsize=11)
            shown = lines[number * _CODE_LINES : (number + 1) * _CODE_LINES]
            page.insert_text((60, 120), "\n".join(shown), fontname="cour", fontsize=8)
        document.save(path)


def scanned_pages(path: Path, pages: int) -> None:
    """Pages of an article and a letter as pictures in grey."""
    sources = [pymupdf.open(EXAMPLES / name) for name in ("article.pdf", "letter.pdf")]
    originals = [page for source in sources for page in source]
    with pymupdf.open() as document:
        for number in range(pages):
            original = originals[number % len(originals)]
            page = document.new_page(width=original.rect.width, height=original.rect.height)
            page.insert_image(page.rect, stream=_scan(original, number))
        document.save(path)


#: The name of each kind and what writes its document.
KINDS: dict[str, Callable[[Path, int], None]] = {
    "prose": prose_pages,
    "tables": table_pages,
    "code": code_pages,
    "scans": scanned_pages,
}


def split_pages(path: Path, folder: Path) -> list[Path]:
    """Each page of a PDF as a document of its own, for programs that read whole documents."""
    folder.mkdir()
    paths = []
    with pymupdf.open(path) as document:
        for number in range(document.page_count):
            paths.append(folder / f"{number + 1}.pdf")
            with pymupdf.open() as single:
                single.insert_pdf(document, from_page=number, to_page=number)
                single.save(paths[-1], garbage=3)
    return paths


def _scan(page: pymupdf.Page, number: int) -> bytes:
    pixmap = page.get_pixmap(dpi=_SCAN_DPI, colorspace=pymupdf.csGRAY)
    picture = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
    soft = picture.filter(ImageFilter.GaussianBlur(0.4 + 0.1 * (number % 4)))
    output = io.BytesIO()
    soft.save(output, "JPEG", quality=80)
    return output.getvalue()


def _repeat(sources: list[Path], path: Path, pages: int) -> None:
    with pymupdf.open() as document:
        for source, number in _endless(sources):
            if document.page_count == pages:
                break
            with pymupdf.open(source) as other:
                document.insert_pdf(other, from_page=number, to_page=number)
        document.save(path)


def _endless(sources: list[Path]) -> Iterator[tuple[Path, int]]:
    for _ in count():
        for source in sources:
            with pymupdf.open(source) as document:
                pages = document.page_count
            yield from ((source, number) for number in range(pages))
