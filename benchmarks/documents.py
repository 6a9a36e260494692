"""Generates the documents of the benchmarks."""

from pathlib import Path

import pymupdf

EXAMPLES = Path(__file__).parent.parent / "examples"


def numbered_pdf(path: Path, pages: int) -> Path:
    """A PDF of ``pages`` nearly empty pages; its bytes differ for each number of pages."""
    with pymupdf.open() as document:
        for number in range(1, pages + 1):
            document.new_page().insert_text((72, 72), f"page {number} of {pages}")
        document.save(path, garbage=0, deflate=False)
    return path


def example_pages(path: Path, pages: int) -> Path:
    """A PDF of ``pages`` pages, alternately from two of the shipped examples."""
    sources = [pymupdf.open(EXAMPLES / name) for name in ("article.pdf", "invoice.pdf")]
    with pymupdf.open() as document:
        number = 0
        while document.page_count < pages:
            source = sources[number % len(sources)]
            page = (number // len(sources)) % source.page_count
            document.insert_pdf(source, from_page=page, to_page=page)
            number += 1
        document.save(path)
    return path
