"""Writes one document for each kind of page: prose, tables, code, and scans of prose and tables."""

from pathlib import Path

import pymupdf

from benchmarks.documents import EXAMPLES
from benchmarks.tables.documents import write_documents

#: Dots per inch of a scanned page, as office scanners have by default.
SCAN_DPI = 200
_CODE_LINES = 48


def write_kinds(folder: Path, pages: int) -> dict[str, Path]:
    """Documents of ``pages`` pages, by kind."""
    tables = write_documents(folder / "tables", 1 + pages // 10)
    born_digital = {
        "prose": _repeated(folder / "prose.pdf", [EXAMPLES / "article.pdf"], pages),
        "tables": _repeated(folder / "tables.pdf", tables, pages),
        "code": _code(folder / "code.pdf", pages),
    }
    scans = {
        f"scanned {kind}": _scanned(folder / f"scanned-{kind}.pdf", born_digital[kind])
        for kind in ("prose", "tables")
    }
    return {**born_digital, **scans}


def first_page(document: Path) -> Path:
    """A copy of ``document`` with its first page alone."""
    path = document.with_name(f"first-{document.name}")
    with pymupdf.open(document) as source:
        source.select([0])
        source.save(path, garbage=3)
    return path


def _repeated(path: Path, sources: list[Path], pages: int) -> Path:
    """The pages of ``sources`` one after the other, from the beginning again where they end."""
    with pymupdf.open() as together, pymupdf.open() as document:
        for source in sources:
            with pymupdf.open(source) as each:
                together.insert_pdf(each)
        for number in range(pages):
            page = number % len(together)
            document.insert_pdf(together, from_page=page, to_page=page)
        document.save(path)
    return path


def _code(path: Path, pages: int) -> Path:
    lines = Path(__file__).read_text("utf-8").splitlines()
    with pymupdf.open() as document:
        for number in range(pages):
            page = document.new_page()
            page.insert_text((60, 70), f"Listing {number + 1}", fontname="hebo", fontsize=16)
            shown = "\n".join(lines[number % 8 : number % 8 + _CODE_LINES])
            page.insert_text((60, 100), shown, fontname="cour", fontsize=9, lineheight=1.3)
        document.save(path)
    return path


def _scanned(path: Path, source: Path) -> Path:
    with pymupdf.open(source) as pages, pymupdf.open() as document:
        for page in pages:
            picture = page.get_pixmap(dpi=SCAN_DPI, colorspace=pymupdf.csGRAY)
            document.new_page(width=page.rect.width, height=page.rect.height).insert_image(
                page.rect, stream=picture.tobytes("jpeg", jpg_quality=85)
            )
        document.save(path)
    return path
