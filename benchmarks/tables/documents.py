"""Generates one page for each table, with a heading and text around it, and its truth."""

from collections.abc import Iterator
from pathlib import Path

import pymupdf

from benchmarks.tables.contents import Contents, Inventor, truth_html
from benchmarks.tables.drawing import Style, draw_table

_ABOVE = "The table shows what was counted in the valley during the last year."
_BELOW = "All figures were checked twice, by the miller and by the clerk of the town."


def write_documents(folder: Path, per_style: int, seed: int = 1) -> list[Path]:
    """PDFs in ``folder``/pdf and their Markdown in ``folder``/truth."""
    (folder / "pdf").mkdir(parents=True, exist_ok=True)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    paths = []
    for name, contents, style in _tables(per_style, seed):
        path = folder / "pdf" / f"{name}.pdf"
        _write(path, contents, style)
        truth = f"<!-- page 1 -->\n\n# Figures\n\n{_ABOVE}\n\n{truth_html(contents)}\n\n{_BELOW}\n"
        (folder / "truth" / f"{name}.md").write_text(truth)
        paths.append(path)
    return paths


def _write(path: Path, contents: Contents, style: Style) -> None:
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((60, 80), "Figures", fontname="hebo", fontsize=16)
        page.insert_text((60, 110), _ABOVE, fontname=style.font, fontsize=11)
        bottom = draw_table(page, contents, style, 130)
        page.insert_text((60, bottom + 30), _BELOW, fontname=style.font, fontsize=11)
        document.save(path)


def _tables(per_style: int, seed: int) -> Iterator[tuple[str, Contents, Style]]:
    for index in range(per_style):
        inventor = Inventor(1000 * seed + index)
        font = ("helv", "tiro")[index % 2]
        size = (8.0, 9.0, 10.0, 11.0)[index % 4]
        yield f"grid-{index}", inventor.plain(), Style(font, size)
        yield f"grid-wrapped-{index}", inventor.plain(True), Style(font, size, widest=90)
        yield f"grid-spans-{index}", inventor.grouped(), Style(font, size, centred=index % 2 == 0)
        yield f"booktabs-{index}", inventor.plain(), Style(font, size, "booktabs", padding=0.2)
        yield f"booktabs-spans-{index}", inventor.grouped(), Style(font, size, "booktabs")
        yield f"statement-{index}", inventor.statement(), Style(font, size, "none", padding=0.2)
        yield f"form-{index}", inventor.form(), Style(font, size)
        yield f"rows-{index}", inventor.plain(), Style(font, size, "rows")
        plain = Style(font, size, "none", padding=0.7, widest=90, bold_header=index % 2 == 0)
        yield f"wrapped-{index}", inventor.plain(True), plain
        yield f"banded-{index}", inventor.plain(), Style(font, size, "none", banded=True)
