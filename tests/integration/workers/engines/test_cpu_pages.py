"""Whole pages read by the real engine: examples, scans, rotated pages and wrong text layers."""

import json
import re
import subprocess
import sys
import unicodedata
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from PIL import Image

from tests.support.engines.cpu_reader import (
    HALF,
    CpuReader,
    page_with_wrong_map,
    picture_of,
    scan_with_layer,
    typed_page,
)
from tests.support.paths import DATA, EXAMPLES
from workers.engines.contract import Reading

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the test documents are missing")
PROSE = (
    "Rain fell on the roof of the old house all night and no one in the village slept before "
    "the morning came back over the hills. Then the harbour bell rang twice, the boats went out "
    "one after the other, and by noon the market smelled of salt and of fresh bread."
)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def likeness(read: str, truth: str) -> float:
    """The part of two texts with equal words in the same order, 0 to 1."""
    return SequenceMatcher(None, words(read), words(truth), autojunk=False).ratio()


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    return typed_page(tmp_path / "typed.pdf", PROSE, height=HALF)


@pytest.fixture(scope="module")
def invoice(cpu: CpuReader) -> Reading:
    """The example invoice, read once."""
    return cpu.read(EXAMPLES / "invoice.pdf")


def test_the_script_generates_the_shipped_examples(tmp_path: Path) -> None:
    script = EXAMPLES / "make_examples.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=60)

    for path in sorted(tmp_path.glob("*.pdf")):
        with pymupdf.open(path) as generated, pymupdf.open(EXAMPLES / path.name) as shipped:
            assert len(generated) == len(shipped)
            for page, expected in zip(generated, shipped, strict=True):
                assert page.get_text() == expected.get_text()
                assert page.get_pixmap(dpi=50).samples == expected.get_pixmap(dpi=50).samples
    assert len(list(tmp_path.glob("*.pdf"))) == 4


def test_the_article_has_its_headings_formula_table_and_figure_in_order(cpu: CpuReader) -> None:
    first, second = (cpu.read(EXAMPLES / "article.pdf", page) for page in (1, 2))

    places = [
        first.markdown.index(part)
        for part in (
            "# Weighing the Rain",
            "## Abstract",
            "## 1 Introduction",
            "A good scale resolves",
            "## 2 Method",
            "h = 4m / (πρd²) (1)",
            "## 3 Results",
            "Table 1. Rain in six weeks",
            "<table><tr><th>Week</th><th>Scale (mm)</th><th>Gauge (mm)</th><th>Loss (%)</th></tr>",
            "<tr><td>5</td><td>54.2</td><td>58.8</td><td>7.8</td></tr>",
        )
    ]
    assert places == sorted(places)
    assert "automatic and dear" in first.markdown
    assert "Kitchen Hydrology" not in first.markdown
    assert {"header", "page_number"} <= {block.type for block in first.blocks}
    assert second.markdown.startswith("![](figure:1)\n\nFigure 1. Rain (mm)")
    assert "\n1. weigh the empty tin every midnight;\n2. shade" in second.markdown
    assert [block.type for block in second.blocks].count("image") == 1


def test_the_scanned_letter_is_read_word_for_word(cpu: CpuReader) -> None:
    reading = cpu.read(EXAMPLES / "letter.pdf")

    assert "read from its pixels" in reading.notes
    assert reading.markdown.startswith("# Harbour Library\n\n12 Quay Street, Port Ellery\n\n3 Feb")
    assert "In the book for 1931 the entries from the 4th to the 19th of May" in reading.markdown
    assert all(block.confidence and block.confidence > 0.9 for block in reading.blocks)


def test_the_invoice_keeps_amounts_beside_their_items(invoice: Reading) -> None:
    row = "<tr><td>Reading lamp with brass arm</td><td>2</td><td>84.00</td><td>168.00</td></tr>"
    assert row in invoice.markdown
    assert "<td>Total</td><td>666.00</td>" in invoice.markdown
    assert "2 Abbey Road\n\nAshcombe AC1 4QT" in invoice.markdown
    assert "Page 1 of 1" not in invoice.markdown


def test_a_chinese_line_of_a_scan_is_read(cpu: CpuReader, tmp_path: Path) -> None:
    text = "绿茶不怕水少,红茶要用开水"
    with pymupdf.open() as document:
        page = document.new_page(height=HALF)
        page.insert_text((72, 100), text, fontsize=14, fontname="china-s")
        document.save(tmp_path / "line.pdf")

    markdown = cpu.read(picture_of(tmp_path / "line.pdf", tmp_path / "line.png")).markdown

    assert re.sub(r"\W", "", markdown) == re.sub(r"\W", "", text)


# The pixels of the whole page take ten seconds of a core; the test above reads a line of them.
@pytest.mark.parametrize("how", ["auto", pytest.param("never", marks=pytest.mark.long)])
def test_the_chinese_page_is_read_almost_without_errors(cpu: CpuReader, how: str) -> None:
    reading = cpu.read(EXAMPLES / "chinese.pdf", text_layer=how)

    with pymupdf.open(EXAMPLES / "chinese.pdf") as document:
        truth = re.sub(r"\W+|第1页", "", document[0].get_text())
    plain = re.sub(r"\W+", "", re.sub(r"<[^>]+>", "", reading.markdown))
    matcher = SequenceMatcher(None, plain.replace("第1页", ""), truth, autojunk=False)
    right = sum(block.size for block in matcher.get_matching_blocks())
    assert right >= 0.985 * len(truth)
    assert "不干净；绿茶不怕水少" in reading.markdown
    assert "<td>乌龙茶</td><td>95℃</td>" in reading.markdown


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_rotated_scan_is_read_like_an_upright_one(
    cpu: CpuReader, typed: Path, tmp_path: Path, turn: int
) -> None:
    reading = cpu.read(picture_of(typed, tmp_path / "turned.png", turn))

    assert reading.rotation == (360 - turn) % 360
    assert likeness(reading.markdown, PROSE) > 0.99
    assert all(block.bbox[1] < 300 for block in reading.blocks), "boxes of the rotated page"


def test_boxes_of_a_skewed_scan_are_those_of_the_skewed_page(
    cpu: CpuReader, typed: Path, tmp_path: Path
) -> None:
    skewed = picture_of(typed, tmp_path / "skewed.png", turn=6)

    reading = cpu.read(skewed)

    assert likeness(reading.markdown, PROSE) > 0.99
    boxes = np.array([block.bbox for block in reading.blocks])
    edges = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    # The box of a turned block holds its corners, also where its last line is short.
    assert edges == pytest.approx(edges_of_ink(skewed), abs=35)


def edges_of_ink(path: Path) -> tuple[float, float, float, float]:
    """The edges of the dark pixels of an image on the 0-999 scale of blocks."""
    image = Image.open(path).convert("L").point(lambda level: 255 * (level < 128))
    left, top, right, bottom = image.getbbox() or (0, 0, 0, 0)
    width, height = (999 / side for side in image.size)
    return left * width, top * height, right * width, bottom * height


def test_vertical_text_at_the_side_is_read(cpu: CpuReader, tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_textbox((120, 72, 523, 770), PROSE, fontsize=12)
        page.insert_text((50, 420), "Preprint of the Harbour Archive", fontsize=13, rotate=90)
        document.save(tmp_path / "stamped.pdf")

    reading = cpu.read(picture_of(tmp_path / "stamped.pdf", tmp_path / "stamped.png"))

    assert "Preprint of the Harbour Archive" in [block.text for block in reading.blocks]
    assert likeness(reading.markdown, PROSE) > 0.9


def test_a_rotated_page_is_read_upright_from_its_text_layer(
    cpu: CpuReader, typed: Path, tmp_path: Path
) -> None:
    with pymupdf.open(typed) as document:
        document[0].set_rotation(90)
        document.save(tmp_path / "rotated.pdf")

    reading = cpu.read(tmp_path / "rotated.pdf")

    assert "read from its text layer" in reading.notes
    assert reading.rotation == 270
    assert likeness(reading.markdown, PROSE) == 1.0


def test_a_correct_text_layer_is_read_unless_the_option_forbids_it(
    cpu: CpuReader, typed: Path
) -> None:
    layer, pixels = cpu.read(typed), cpu.read(typed, text_layer="never")

    assert "read from its text layer" in layer.notes
    assert "read from its pixels" in pixels.notes
    # Characters of a text layer are no guess; their lines explain the ink all the same.
    sure, read = layer.confidence, pixels.confidence
    assert sure is not None
    assert read is not None
    assert (sure.source, sure.lines, sure.mean, sure.worst) == ("text layer", 0, None, None)
    assert (read.source, read.lines > 2) == ("pixels", True)
    assert read.mean is not None
    assert read.worst is not None
    assert 0.9 < read.worst <= read.mean <= 1
    assert min(sure.ink or 0, read.ink or 0) > 0.95


@pytest.mark.parametrize("how", ["invisible", "covered"])
def test_a_hidden_text_layer_in_a_scan_is_not_used(
    cpu: CpuReader, typed: Path, tmp_path: Path, how: str
) -> None:
    """The layer is almost correct, so only its invisibility can reject it."""
    scan = scan_with_layer(typed, tmp_path / "scan.pdf", PROSE.replace("boats", "b0ats"), how)

    automatic, forced = cpu.read(scan), cpu.read(scan, text_layer="always")

    assert "read from its pixels" in automatic.notes
    assert likeness(automatic.markdown, PROSE) > 0.99
    assert "b0ats" not in automatic.markdown
    assert "b0ats" in forced.markdown


def test_a_text_layer_with_a_wrong_font_map_is_not_used(cpu: CpuReader, tmp_path: Path) -> None:
    wrong = page_with_wrong_map(tmp_path / "wrong.pdf", PROSE)
    with pymupdf.open(wrong) as document:
        assert "Rain" not in document[0].get_text(), "the text layer must be wrong"

    reading = cpu.read(wrong)

    assert likeness(reading.markdown, PROSE) > 0.98
    assert reading.confidence is not None
    assert reading.confidence.lines > 0


def test_task_ocr_returns_rows_with_boxes_and_task_layout_returns_boxes_only(
    cpu: CpuReader, typed: Path
) -> None:
    rows, layout = cpu.read(typed, task="ocr"), cpu.read(typed, task="layout")

    assert [block.text for block in rows.blocks] == rows.markdown.splitlines()
    assert len(rows.blocks) > 2
    assert layout.markdown == ""
    assert layout.blocks
    assert {block.text for block in layout.blocks} == {""}


def test_markup_in_hostile_text_is_escaped(cpu: CpuReader, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> and [a link](javascript:x) and <!-- page 9 --> end."

    markdown = cpu.read(typed_page(tmp_path / "hostile.pdf", hostile, height=HALF)).markdown

    assert "<script" not in markdown
    assert "<!--" not in markdown
    assert "link](" not in markdown
    assert "alert(1)" in markdown


@needs_data
@pytest.mark.parametrize(
    ("name", "truth", "least"),
    [
        ("phototest.tif", "phototest.txt", 1.0),
        # Typed pages above are turned too.
        pytest.param("phototest-rotated-L.png", "phototest.txt", 1.0, marks=pytest.mark.long),
        pytest.param("8071_093.3B.tif", "8071_093.3B.txt", 0.95, marks=pytest.mark.long),
    ],
)
def test_a_real_scan_is_read_like_its_ground_truth(
    cpu: CpuReader, name: str, truth: str, least: float
) -> None:
    text = (DATA / "scans" / truth).read_text()
    text = re.sub(r"-\s*\n\s*(?=[a-z])", "", text)

    assert likeness(cpu.read(DATA / "scans" / name).markdown, text) >= least


@needs_data
def test_stacked_numbers_in_a_real_table_become_rows(cpu: CpuReader) -> None:
    markdown = cpu.read(DATA / "documents/2305.03393v1-pg9.pdf").markdown

    assert "<td>HTML</td><td>0.969</td><td>0.927</td><td>0.955</td>" in markdown


@needs_data
def test_arabic_is_read_from_right_to_left(cpu: CpuReader) -> None:
    markdown = cpu.read(DATA / "documents/right_to_left_01.pdf").markdown

    assert markdown.startswith("## تحسين الإنتاجية وحل المشكلات من خلال البرمجة بلغة R وPython")


def test_blocks_are_valid_json_with_boxes_from_0_to_999(invoice: Reading) -> None:
    assert json.loads(json.dumps([block.model_dump() for block in invoice.blocks]))
    assert all(0 <= edge <= 999 for block in invoice.blocks for edge in block.bbox)
