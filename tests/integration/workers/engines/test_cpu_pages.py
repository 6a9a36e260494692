"""Whole pages read by the real engine: the shipped examples, scans, turned and lying pages."""

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
    CpuReader,
    lying_page,
    picture_of,
    scan_with_layer,
    typed_page,
)
from tests.support.paths import DATA, EXAMPLES

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="test documents are not here")
PROSE = (
    "Rain fell on the roof of the old house all night and nobody in the village slept before "
    "the morning came back over the hills. Then the harbour bell rang twice, the boats went out "
    "one after the other, and by noon the market smelled of salt and of fresh bread."
)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


def likeness(read: str, truth: str) -> float:
    """How much of two texts agrees, in order, 0 to 1."""
    return SequenceMatcher(None, words(read), words(truth), autojunk=False).ratio()


@pytest.fixture
def typed(tmp_path: Path) -> Path:
    return typed_page(tmp_path / "typed.pdf", PROSE)


def test_the_examples_are_made_again_as_they_are(tmp_path: Path) -> None:
    script = EXAMPLES / "make_examples.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, timeout=60)

    for made in sorted(tmp_path.glob("*.pdf")):
        with pymupdf.open(made) as again, pymupdf.open(EXAMPLES / made.name) as shipped:
            assert len(again) == len(shipped)
            for ours, theirs in zip(again, shipped, strict=True):
                assert ours.get_text() == theirs.get_text()
                assert ours.get_pixmap(dpi=50).samples == theirs.get_pixmap(dpi=50).samples
    assert len(list(tmp_path.glob("*.pdf"))) == 4


def test_the_article_reads_as_its_author_wrote_it(cpu: CpuReader) -> None:
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
    assert "automatic and dear" in first.markdown and "Kitchen Hydrology" not in first.markdown
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


def test_the_invoice_keeps_amounts_beside_their_items(cpu: CpuReader) -> None:
    reading = cpu.read(EXAMPLES / "invoice.pdf")

    row = "<tr><td>Reading lamp with brass arm</td><td>2</td><td>84.00</td><td>168.00</td></tr>"
    assert row in reading.markdown
    assert "<td>Total</td><td>666.00</td>" in reading.markdown
    assert "2 Abbey Road\n\nAshcombe AC1 4QT" in reading.markdown
    assert "Page 1 of 1" not in reading.markdown


@pytest.mark.parametrize("how", ["auto", "never"])
def test_the_chinese_page_has_hardly_an_error(cpu: CpuReader, how: str) -> None:
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
def test_a_turned_scan_is_read_like_an_upright_one(
    cpu: CpuReader, typed: Path, tmp_path: Path, turn: int
) -> None:
    reading = cpu.read(picture_of(typed, tmp_path / "turned.png", turn))

    assert reading.rotation == (360 - turn) % 360
    assert likeness(reading.markdown, PROSE) > 0.99
    assert all(block.bbox[1] < 300 for block in reading.blocks), "boxes are of the upright page"


def test_a_crooked_scan_is_read_and_its_boxes_lie_on_the_crooked_page(
    cpu: CpuReader, typed: Path, tmp_path: Path
) -> None:
    crooked = picture_of(typed, tmp_path / "crooked.png", turn=6)

    reading = cpu.read(crooked)

    assert likeness(reading.markdown, PROSE) > 0.99
    boxes = np.array([block.bbox for block in reading.blocks])
    found = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    assert found == pytest.approx(edges_of_ink(crooked), abs=25)


def edges_of_ink(path: Path) -> tuple[float, float, float, float]:
    """Where the dark parts of an image begin and end, on the scale of blocks."""
    image = Image.open(path).convert("L").point(lambda level: 255 * (level < 128))
    left, top, right, bottom = image.getbbox() or (0, 0, 0, 0)
    width, height = (999 / side for side in image.size)
    return left * width, top * height, right * width, bottom * height


def test_words_that_run_up_a_side_are_read_too(cpu: CpuReader, tmp_path: Path) -> None:
    with pymupdf.open() as document:
        page = document.new_page()
        page.insert_textbox((120, 72, 523, 770), PROSE, fontsize=12)
        page.insert_text((50, 420), "Preprint of the Harbour Archive", fontsize=13, rotate=90)
        document.save(tmp_path / "stamped.pdf")

    reading = cpu.read(picture_of(tmp_path / "stamped.pdf", tmp_path / "stamped.png"))

    assert "Preprint of the Harbour Archive" in [block.text for block in reading.blocks]
    assert likeness(reading.markdown, PROSE) > 0.9


def test_text_that_lies_on_a_page_of_its_own_layer_is_turned(
    cpu: CpuReader, typed: Path, tmp_path: Path
) -> None:
    with pymupdf.open(typed) as document:
        document[0].set_rotation(90)
        document.save(tmp_path / "lying.pdf")

    reading = cpu.read(tmp_path / "lying.pdf")

    assert "read from its text layer" in reading.notes
    assert reading.rotation == 270
    assert likeness(reading.markdown, PROSE) == 1.0


def test_a_true_text_layer_is_taken_and_never_means_never(cpu: CpuReader, typed: Path) -> None:
    assert "read from its text layer" in cpu.read(typed).notes
    assert "read from its pixels" in cpu.read(typed, text_layer="never").notes


@pytest.mark.parametrize("how", ["invisible", "covered"])
def test_an_old_layer_hidden_in_a_scan_is_not_believed(
    cpu: CpuReader, typed: Path, tmp_path: Path, how: str
) -> None:
    """It is nearly right, so that only its being hidden can tell."""
    scan = scan_with_layer(typed, tmp_path / "scan.pdf", PROSE.replace("boats", "b0ats"), how)

    trusted, forced = cpu.read(scan), cpu.read(scan, text_layer="always")

    assert "read from its pixels" in trusted.notes
    assert likeness(trusted.markdown, PROSE) > 0.99 and "b0ats" not in trusted.markdown
    assert "b0ats" in forced.markdown


def test_a_layer_whose_font_maps_letters_wrongly_is_not_believed(
    cpu: CpuReader, tmp_path: Path
) -> None:
    lying = lying_page(tmp_path / "lying.pdf", PROSE)
    with pymupdf.open(lying) as document:
        assert "Rain" not in document[0].get_text(), "the layer must lie"

    assert likeness(cpu.read(lying).markdown, PROSE) > 0.98


def test_ocr_gives_rows_with_boxes_and_layout_gives_boxes_alone(
    cpu: CpuReader, typed: Path
) -> None:
    rows, layout = cpu.read(typed, task="ocr"), cpu.read(typed, task="layout")

    assert [block.text for block in rows.blocks] == rows.markdown.splitlines()
    assert len(rows.blocks) > 2
    assert layout.markdown == "" and layout.blocks
    assert {block.text for block in layout.blocks} == {""}


def test_hostile_text_opens_nothing_in_the_markdown(cpu: CpuReader, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> and [a link](javascript:x) and <!-- page 9 --> end."

    markdown = cpu.read(typed_page(tmp_path / "hostile.pdf", hostile)).markdown

    assert "<script" not in markdown and "<!--" not in markdown and "link](" not in markdown
    assert "alert(1)" in markdown


@needs_data
@pytest.mark.parametrize(
    ("name", "truth", "least"),
    [
        ("phototest.tif", "phototest.txt", 1.0),
        ("phototest-rotated-L.png", "phototest.txt", 1.0),
        ("8071_093.3B.tif", "8071_093.3B.txt", 0.95),
    ],
)
def test_a_real_scan_reads_like_its_ground_truth(
    cpu: CpuReader, name: str, truth: str, least: float
) -> None:
    text = (DATA / "scans" / truth).read_text()
    text = re.sub(r"-\s*\n\s*(?=[a-z])", "", text)

    assert likeness(cpu.read(DATA / "scans" / name).markdown, text) >= least


@needs_data
def test_a_stack_of_figures_in_a_real_table_is_rows(cpu: CpuReader) -> None:
    markdown = cpu.read(DATA / "documents/2305.03393v1-pg9.pdf").markdown

    assert "<td>HTML</td><td>0.969</td><td>0.927</td><td>0.955</td>" in markdown


@needs_data
def test_arabic_is_read_in_its_own_direction(cpu: CpuReader) -> None:
    markdown = cpu.read(DATA / "documents/right_to_left_01.pdf").markdown

    assert markdown.startswith("## تحسين الإنتاجية وحل المشكلات من خلال البرمجة بلغة R وPython")


def test_the_blocks_can_be_written_as_json(cpu: CpuReader) -> None:
    reading = cpu.read(EXAMPLES / "invoice.pdf")

    assert json.loads(json.dumps([block.model_dump() for block in reading.blocks]))
    assert all(0 <= edge <= 999 for block in reading.blocks for edge in block.bbox)
