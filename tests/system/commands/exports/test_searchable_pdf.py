"""``--to pdf`` writes the pages of the source with words that two readers find in their places."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pymupdf
import pytest
from PIL import Image

from shared.config.settings import Settings
from shared.domain.records.job import Source
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.documents.searchable import (
    HEADING,
    HEIGHT,
    PARAGRAPH,
    WIDTH,
    Sample,
    Word,
    sample,
    scanned,
    words_of_mupdf,
    words_of_pdfium,
)
from tests.support.fleets.fleet import in_process
from tests.support.fleets.stored_jobs import ended_job, pdf_bytes

READERS = (words_of_mupdf, words_of_pdfium)
#: Points between the middle of a word and the place where it is found.
TOLERANCE = 5.0
WHOLE_PAGE = (0, 0, 999, 999)


@pytest.fixture
def config(settings: SettingsFactory) -> Settings:
    return settings(num_workers=1)


@pytest.fixture(scope="module")
def page() -> Sample:
    return sample()


def fetched(
    config: Settings, folder: Path, data: bytes, *pages: dict[str, Any], name: str
) -> bytes:
    """The searchable PDF of a job with these page results, written by ``fetch``."""
    source = Source(name=name, key=f"source.{name.rsplit('.', 1)[1]}", bytes=len(data))
    jobs = JobStore(open_store(config))
    job = ended_job(jobs, pages, data=data, source=source).job_id
    result = in_process(config, "fetch", job, "-o", str(folder), "--to", "pdf")
    assert result.status == 0, result.err
    assert "error" not in result.err, result.err
    return (folder / f"{name.rsplit('.', 1)[0]}.pdf").read_bytes()


def joined_pdf(parts: Iterable[bytes]) -> bytes:
    """One PDF of the pages of several."""
    with pymupdf.open() as document:
        for part in parts:
            with pymupdf.open(stream=part) as source:
                document.insert_pdf(source)
        data: bytes = document.tobytes(no_new_id=True, garbage=3)
    return data


def result_of(page: Sample, rotation: int = 0) -> dict[str, Any]:
    image = {"width": 800, "height": 1200, "rotation": rotation}
    return {"markdown": PARAGRAPH, "blocks": page.blocks, "image": image}


def check_places(found: list[Word], expected: tuple[Word, ...], scale: float = 1) -> None:
    """Every word is on its line and near its place."""
    assert [each.text for each in found] == [each.text for each in expected]
    for word, truth in zip(found, expected, strict=True):
        across, down = word.middle
        assert across / scale == pytest.approx(truth.middle[0], abs=TOLERANCE), truth.text
        assert truth.top <= down / scale <= truth.bottom, truth.text


def test_words_of_scans_are_found_where_they_are_shown(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    turned = [(rotate, offset) for rotate in (0, 90, 180, 270) for offset in (0, 30)]
    scans = joined_pdf(scanned(page.picture, rotate, offset) for rotate, offset in turned)

    data = fetched(config, tmp_path, scans, *[result_of(page)] * len(turned), name="scan.pdf")

    for number in range(len(turned)):
        for reader in READERS:
            check_places(reader(data, number), page.words)


def test_words_of_a_page_with_a_user_unit_are_found(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    scan = scanned(page.picture, user_unit=1.5)

    data = fetched(config, tmp_path, scan, result_of(page), name="scan.pdf")

    check_places(words_of_mupdf(data), page.words, scale=1.5)


@pytest.mark.parametrize(("orientation", "rotation"), [(6, 0), (1, 90)])
def test_words_of_a_photo_that_lies_on_its_side_are_found(
    config: Settings, tmp_path: Path, page: Sample, orientation: int, rotation: int
) -> None:
    """Its EXIF orientation turns it, or the engine did."""
    picture = page.picture
    image = Image.frombytes("L", (picture.width, picture.height), picture.samples)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = io.BytesIO()
    image.rotate(90, expand=True).save(photo, "JPEG", dpi=(150, 150), exif=exif, quality=85)

    data = fetched(config, tmp_path, photo.getvalue(), result_of(page, rotation), name="photo.jpg")

    found = words_of_mupdf(data)
    if rotation:
        found = [
            Word(each.text, WIDTH - each.bottom, each.left, WIDTH - each.top, each.right)
            for each in found
        ]
    check_places(found, page.words)
    assert len(data) < 1.5 * len(photo.getvalue()) + 20_000


def test_frames_of_a_fax_become_pages_without_growing(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    picture = page.picture
    frame = Image.frombytes("L", (picture.width, picture.height), picture.samples).convert("1")
    fax = io.BytesIO()
    frame.save(fax, "TIFF", save_all=True, append_images=[frame], dpi=(150, 150),
               compression="group4")  # fmt: skip

    data = fetched(
        config, tmp_path, fax.getvalue(), {"markdown": "", "status": "blank"}, result_of(page),
        name="fax.tiff",
    )  # fmt: skip

    assert words_of_mupdf(data) == []
    check_places(words_of_mupdf(data, 1), page.words)
    check_places(words_of_pdfium(data, 1), page.words)
    assert len(data) < 100_000


SCRIPTS = (
    ("文字识别系统把页面变成可搜索的文件", ["识别系统", "可搜索"]),
    ("مرحبا بالعالم من صفحة ممسوحة", ["مرحبا", "بالعالم", "ممسوحة"]),
    ("שלום עולם וספר", ["שלום", "עולם"]),
    ("Съешь ещё этих мягких булок", ["ещё", "мягких"]),
    ("𝛼-Strahlen 👩 naïve", ["𝛼-Strahlen", "naïve"]),
)


def test_any_script_is_found_in_its_line(config: Settings, tmp_path: Path, page: Sample) -> None:
    box = (100, 100, 900, 140)
    results = [{"blocks": [{"type": "text", "bbox": box, "text": text}]} for text, _ in SCRIPTS]
    scans = joined_pdf([scanned(page.picture)] * len(SCRIPTS))

    data = fetched(config, tmp_path, scans, *results, name="scan.pdf")

    with pymupdf.open(stream=data) as document:
        for number, (_, words) in enumerate(SCRIPTS):
            shown = "".join(each.text for each in words_of_pdfium(data, number))
            for word in words:
                rects = document[number].search_for(word)
                assert rects, word
                assert all(rect.y0 >= 55 and rect.y1 <= 90 for rect in rects), word
                assert word in shown


def test_right_to_left_words_stand_from_the_right(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    first, second = "مرحبا", "بالعالم"
    block = {"type": "text", "bbox": (100, 100, 900, 140), "text": f"{first} {second}"}

    data = fetched(config, tmp_path, scanned(page.picture), {"blocks": [block]}, name="scan.pdf")

    places = {each.text: each.left for each in words_of_mupdf(data)}
    assert places[first] > places[second]


def test_a_page_with_its_own_text_stays_as_it_is(config: Settings, tmp_path: Path) -> None:
    digital = pdf_bytes(1)
    block = {"type": "title", "bbox": (100, 80, 500, 180), "text": "# page 1"}

    data = fetched(config, tmp_path, digital, {"blocks": [block]}, name="digital.pdf")

    assert [each.text for each in words_of_mupdf(data)] == ["page", "1"]
    assert b"PagefleetGlyphless" not in data


def test_only_a_picture_on_a_digital_page_gets_words(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    with pymupdf.open() as document:
        sheet = document.new_page(width=WIDTH, height=HEIGHT)
        sheet.insert_text((50, 40), "Printed with its own letters", fontsize=12)
        sheet.insert_image((0, 100, WIDTH, HEIGHT), pixmap=page.picture)
        mixed: bytes = document.tobytes(no_new_id=True)
    blocks = [
        {"type": "text", "bbox": (100, 40, 700, 75), "text": "Printed with its own letters"},
        {"type": "text", "bbox": (100, 200, 900, 500), "text": PARAGRAPH},
    ]

    data = fetched(config, tmp_path, mixed, {"blocks": blocks}, name="mixed.pdf")

    words = [each.text for each in words_of_mupdf(data)]
    assert words.count("Printed") == 1
    assert words.count("lantern") == 1


def test_text_longer_than_its_box_stays_in_it(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    text = " ".join(f"word{number}" for number in range(2000))
    block = {"type": "text", "bbox": (500, 500, 600, 530), "text": text}

    data = fetched(config, tmp_path, scanned(page.picture), {"blocks": [block]}, name="scan.pdf")

    found = words_of_mupdf(data)
    assert "".join(each.text for each in found) == text.replace(" ", "")
    assert all(each.left > WIDTH * 0.49 and each.right < WIDTH * 0.62 for each in found)
    assert all(each.top > HEIGHT * 0.49 and each.bottom < HEIGHT * 0.54 for each in found)


def test_cells_of_a_table_stand_in_their_rows_and_columns(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    rows = [("Name", "Sum &amp; tax"), ("Ada", "12.50")]
    table = "".join(f"<tr><td>{first}</td><td>{second}</td></tr>" for first, second in rows)
    block = {"type": "table", "bbox": (0, 700, 999, 900), "text": f"<table>{table}</table>"}

    data = fetched(config, tmp_path, scanned(page.picture), {"blocks": [block]}, name="scan.pdf")

    places = {each.text: each.middle for each in words_of_mupdf(data)}
    assert list(places) == ["Name", "Sum", "&", "tax", "Ada", "12.50"]
    assert places["Ada"][1] > places["Name"][1]
    assert places["12.50"][0] > WIDTH / 2 > places["Ada"][0]


def test_hostile_text_stays_text_and_adds_nothing_active(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    hostile = (
        ") Tj ET Q endstream endobj 9 0 obj << /S /JavaScript /JS (app.alert(1)) >> \\> <script>"
    )
    block = {"type": "code", "bbox": WHOLE_PAGE, "text": hostile}

    data = fetched(config, tmp_path, scanned(page.picture), {"blocks": [block]}, name="scan.pdf")

    for reader in READERS:
        assert "".join(each.text for each in reader(data)) == hostile.replace(" ", "")
    with pymupdf.open(stream=data) as document:
        objects = [document.xref_object(xref) for xref in range(1, document.xref_length())]
        assert not any("JavaScript" in each or "/AA" in each for each in objects)
        assert list(document[0].annots()) == []
        assert document.embfile_count() == 0


def test_the_picture_of_a_page_does_not_change(
    config: Settings, tmp_path: Path, page: Sample
) -> None:
    scan = scanned(page.picture, 90, 30)

    data = fetched(config, tmp_path, scan, result_of(page), name="scan.pdf")

    with pymupdf.open(stream=scan) as before, pymupdf.open(stream=data) as after:
        assert before[0].get_pixmap().samples == after[0].get_pixmap().samples
    assert len(data) < len(scan) + 8_000


def test_selected_pages_and_equal_bytes(config: Settings, tmp_path: Path, page: Sample) -> None:
    scan = scanned(page.picture)

    first = fetched(config, tmp_path / "1", scan, result_of(page), name="scan.pdf")
    second = fetched(config, tmp_path / "2", scan, result_of(page), name="scan.pdf")

    assert first == second
    assert HEADING in " ".join(each.text for each in words_of_mupdf(first))
