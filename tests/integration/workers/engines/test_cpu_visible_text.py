"""Pages as other people make them: what a viewer sees is read, and nothing else is."""

import subprocess
import sys
from pathlib import Path

import pymupdf
import pytest

from shared.domain.errors import UnreadableScript
from tests.support.engines.cpu_reader import CpuReader, picture_of
from tests.support.paths import SAMPLES
from workers.engines.cpu.tesseract.installation import find_tesseract

CASES = SAMPLES / "cases"
#: One input of each kind that would break the promise of the README.
KINDS = ("invisible-in-line", "redacted", "cell-footmarks")
CYRILLIC = "Смотритель маяка каждое утро записывал погоду"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A page with words in render mode 3, words under a bar, and a table with a raised mark."""
    path = tmp_path / "report.pdf"
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_text((72, 80), "Report of the inspector", fontsize=18, fontname="hebo")
        page.insert_text((72, 120), "Article 2. The boat of", fontsize=11)
        page.insert_text((184, 120), "QQ", fontsize=11, render_mode=3)
        page.insert_text((204, 120), "the ferry stops at the northern bank.", fontsize=11)
        page.insert_text((72, 150), "The witness Quentin Halloway was seen at noon.", fontsize=11)
        page.draw_rect(page.search_for("Quentin Halloway")[0], fill=(0, 0, 0))
        for row, texts in enumerate((("Quantity", "Most"), ("Voltage", "10"), ("Current", "25"))):
            for column, text in enumerate(texts):
                page.insert_text((80 + 150 * column, 200 + 20 * row), text, fontsize=10)
                if text == "10":
                    page.insert_text((241.5, 216), "1", fontsize=6)
            page.draw_line((72, 206 + 20 * row), (350, 206 + 20 * row))
        document.save(path)
    return path


def test_hidden_words_are_left_out_and_visible_ones_stay(cpu: CpuReader, report: Path) -> None:
    markdown = cpu.read(report).markdown

    assert "Article 2. The boat of the ferry stops at the northern bank." in markdown
    assert "was seen at noon." in markdown
    assert not any(word in markdown for word in ("QQ", "Quentin", "Halloway"))
    assert "10¹" in markdown
    assert "101" not in markdown


def _reads_cyrillic() -> bool:
    tesseract = find_tesseract()
    return tesseract is not None and "rus" in tesseract.languages


@pytest.fixture
def russian(tmp_path: Path) -> Path:
    """A picture of four lines in Russian."""
    typed = tmp_path / "typed.pdf"
    with pymupdf.open() as document:
        page = document.new_page()
        for number in range(4):
            page.insert_text((72, 90 + 24 * number), CYRILLIC, fontsize=14, fontname="china-s")
        document.save(typed)
    return picture_of(typed, tmp_path / "scan.png")


@pytest.mark.skipif(_reads_cyrillic(), reason="tesseract reads the script of the scan")
def test_a_scan_in_an_unknown_script_fails_as_unreadable(cpu: CpuReader, russian: Path) -> None:
    with pytest.raises(UnreadableScript, match="another engine for other scripts"):
        cpu.read(russian)


@pytest.mark.skipif(not _reads_cyrillic(), reason="tesseract with Russian data is missing")
def test_a_scan_in_another_script_is_read_with_tesseract(cpu: CpuReader, russian: Path) -> None:
    reading = cpu.read(russian)

    assert reading.markdown.count("каждое утро") == 4
    assert reading.confidence is not None
    assert (reading.confidence.also_read_by or "").startswith("tesseract")


@pytest.mark.skipif(not CASES.is_dir(), reason="the inputs from public complaints are missing")
def test_the_gravest_complaints_are_mended(cpu: CpuReader, tmp_path: Path) -> None:
    for slug in KINDS:
        reading = cpu.read(CASES / f"{slug}.pdf")
        (tmp_path / f"{slug}.md").write_text(reading.markdown)

    command = [sys.executable, str(CASES / "check.py"), str(tmp_path), *KINDS]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "3 of 3 cases right" in checked.stdout, checked.stdout
