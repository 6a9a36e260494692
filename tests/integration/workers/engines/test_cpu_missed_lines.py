"""Short lines on a large page, which the line detector alone misses, are read from pixels."""

from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.support.engines.cpu_reader import CpuReader, picture_of, typed_page

WHITE, NAVY = (1, 1, 1), (0.1, 0.15, 0.35)


def light_line(path: Path, text: str, band: tuple[float, float, float, float]) -> Path:
    """A page with white ``text`` on the dark rectangle ``band``, in points."""
    with pymupdf.open() as document:
        page = document.new_page()
        page.draw_rect(pymupdf.Rect(band), color=NAVY, fill=NAVY)
        page.insert_text((90, 120), text, fontsize=11, color=WHITE)
        document.save(path)
    return path


def table_of_digits(path: Path) -> Path:
    """A ruled table with a header row and one digit in each cell."""
    with pymupdf.open() as document:
        page = document.new_page()
        for row, cells in enumerate([("Ward", "Beds", "Free"), "137", "248", "359", "461", "572"]):
            for column, text in enumerate(cells):
                left, top = 72 + 90 * column, 72 + 24 * row
                page.draw_rect(pymupdf.Rect(left, top, left + 90, top + 24), width=0.7)
                page.insert_text((left + 8, top + 16), text, fontsize=10)
        document.save(path)
    return path


def photograph(path: Path) -> Path:
    """A page that is one picture: stones of many sizes on sand, without any text."""
    random = np.random.default_rng(7)
    sand = random.normal(0, 6, (1400, 1000, 3)) + np.linspace(150, 215, 1000)[None, :, None]
    image = Image.fromarray(np.clip(sand, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for x, y, width, height, shade in random.integers(
        (20, 20, 4, 4, 30), (960, 1360, 30, 30, 110), (240, 5)
    ).tolist():
        draw.ellipse((x, y, x + width, y + height), fill=(shade, shade, shade - 10))
    image.filter(ImageFilter.GaussianBlur(0.8)).save(path)
    return path


@pytest.mark.parametrize(
    ("text", "dpi"),
    [
        ("some words", 130),
        ("some words", 200),
        ("A line of a scan.", 130),
        # A further variant of the same lines: a page takes some seconds of a core.
        pytest.param("A line of a scan.", 200, marks=pytest.mark.long),
    ],
)
def test_a_lone_short_line_is_read(cpu: CpuReader, tmp_path: Path, text: str, dpi: int) -> None:
    scan = picture_of(typed_page(tmp_path / "typed.pdf", text), tmp_path / "scan.png", dpi=dpi)

    assert cpu.read(scan).markdown.strip() == text


@pytest.mark.parametrize("text", ["7", pytest.param("12", marks=pytest.mark.long)])
def test_a_lone_number_below_the_margin_is_kept(cpu: CpuReader, tmp_path: Path, text: str) -> None:
    scan = picture_of(typed_page(tmp_path / "typed.pdf", text), tmp_path / "scan.png")

    assert cpu.read(scan).markdown.strip() == text


@pytest.mark.parametrize("band", [(0, 0, 595, 842), (72, 102, 523, 128)], ids=["page", "band"])
def test_a_light_line_on_a_dark_ground_is_read(
    cpu: CpuReader, tmp_path: Path, band: tuple[float, float, float, float]
) -> None:
    source = light_line(tmp_path / "dark.pdf", "Closed on Mondays", band)

    scan = picture_of(source, tmp_path / "scan.png")

    assert "Closed on Mondays" in cpu.read(scan).markdown


def test_single_digits_in_the_cells_of_a_table_are_read(cpu: CpuReader, tmp_path: Path) -> None:
    scan = picture_of(table_of_digits(tmp_path / "table.pdf"), tmp_path / "scan.png")

    markdown = cpu.read(scan).markdown

    for row in ("137", "248", "359", "461", "572"):
        cells = "".join(f"<td>{digit}</td>" for digit in row)
        assert f"<tr>{cells}</tr>" in markdown


def test_a_photograph_gives_no_text(cpu: CpuReader, tmp_path: Path) -> None:
    reading = cpu.read(photograph(tmp_path / "photo.png"))

    assert not any(block.text for block in reading.blocks)
