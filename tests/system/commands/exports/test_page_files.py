"""``--layout-pdf``, ``--save`` and ``--layout omnidocbench`` of ``run`` and ``fetch``."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from PIL import Image

from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.records.job import Manifest, Source
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.documents.searchable import HEIGHT, WIDTH, sample, scanned
from tests.support.fleets.fleet import CommandResult, in_process
from tests.support.fleets.stored_jobs import ended_job
from tests.support.servers.openai_server import OpenAiServer, serving

SUMMARY = "pagefleet-summary.json"
TITLE_BOX = (100, 100, 600, 200)


@pytest.fixture
def config(settings: SettingsFactory) -> Settings:
    return settings(num_workers=1, engine="fake")


def jobs_of(config: Settings) -> JobStore:
    return JobStore(open_store(config))


def fetch(config: Settings, manifest: Manifest, folder: Path, *words: str) -> CommandResult:
    result = in_process(config, "fetch", manifest.job_id, "-o", str(folder), *words)
    assert result.status in (0, 3), result.err
    return result


def image_file(folder: Path, name: str, shade: int = 255) -> Path:
    """A picture with some ink."""
    pixels = np.full((200, 150), 255, np.uint8)
    pixels[50:60, 20:100] = 255 - shade
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)
    return folder / name


def named(name: str) -> Source:
    return Source(name=name, key="source.pdf", bytes=1)


@pytest.mark.parametrize("rotate", [0, 90, 270])
def test_the_layout_pdf_shows_the_upright_page_with_labelled_boxes(
    config: Settings, tmp_path: Path, rotate: int
) -> None:
    page = sample()
    block = {"type": "sub_title", "bbox": page.blocks[1]["bbox"], "text": "<script>"}
    shown = scanned(page.picture, rotate, offset=20)
    job = ended_job(jobs_of(config), [{"blocks": [block]}], data=shown)

    fetch(config, job, tmp_path, "--layout-pdf")

    with pymupdf.open(tmp_path / "book_layouts.pdf") as drawn:
        assert (drawn[0].rect.width, drawn[0].rect.height) == (WIDTH, HEIGHT)
        (label,) = drawn[0].search_for("1 sub_title")
        heading = page.words[-4]
        assert label.y1 <= heading.top + 3
        assert label.x0 == pytest.approx(heading.left, abs=3)
        pixels = drawn[0].get_pixmap()
        red, _, blue = pixels.pixel(int(heading.left) + 60, int(heading.top) + 2)
        assert red > blue, "the box of a heading is filled with orange"
        shown_pixels = np.frombuffer(pixels.samples, np.uint8)
        inside = shown_pixels.reshape(pixels.height, pixels.width, pixels.n)[:, :, 0]
        rows = slice(int(heading.top) + 3, int(heading.bottom) - 3)
        assert inside[rows, int(heading.left) : int(heading.right)].min() < 80, (
            "the words are there"
        )


def test_active_content_of_the_source_is_not_in_the_layout_pdf(
    config: Settings, tmp_path: Path
) -> None:
    with pymupdf.open() as document:
        page = document.new_page(width=300, height=300)
        page.insert_link(
            {
                "kind": pymupdf.LINK_URI,
                "from": pymupdf.Rect(0, 0, 90, 90),
                "uri": "https://a.example",
            }
        )
        page.add_text_annot((20, 20), "a note")
        document.embfile_add("evil.exe", b"MZ")
        data: bytes = document.tobytes()
    job = ended_job(jobs_of(config), [{}], data=data)

    fetch(config, job, tmp_path, "--layout-pdf")

    with pymupdf.open(tmp_path / "book_layouts.pdf") as drawn:
        assert drawn[0].get_links() == []
        assert list(drawn[0].annots()) == []
        assert drawn.embfile_count() == 0


def test_saved_files_have_the_numbers_of_their_pages(config: Settings, tmp_path: Path) -> None:
    jobs = jobs_of(config)
    block = {"type": "title", "bbox": TITLE_BOX, "text": "# A"}
    image = {"width": 300, "height": 400}
    pages: list[dict[str, Any]] = [
        {"markdown": "# A\x1b[31m", "blocks": [block], "image": image},
        {"markdown": "second"},
        {"status": "failed", "error": {"code": "engine_failed", "message": "no"}},
    ]
    job = ended_job(jobs, pages)
    answer = "<|ref|>title<|/ref|><|det|>[[100, 100, 600, 200]]<|/det|>\n# A\x1b[31m"
    jobs.store.put(object_keys.raw_answer(job.job_id, 1), answer.encode())

    fetch(config, job, tmp_path, "--save", "raw,boxes", "--save", "pages")

    folder = tmp_path / "book"
    saved = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert saved == [
        *(f"boxes/00000{page}.jpg" for page in (1, 2, 3)),
        *(f"pages/00000{page}.jpg" for page in (1, 2, 3)),
        "raw/000001.txt",
        "raw/000002.md",
    ]
    assert (folder / "raw/000001.txt").read_text() == answer.replace("\x1b", "")
    assert (folder / "raw/000002.md").read_text() == "second"
    plain = np.asarray(Image.open(folder / "pages/000001.jpg").convert("RGB")).astype(int)
    boxes = np.asarray(Image.open(folder / "boxes/000001.jpg").convert("RGB")).astype(int)
    changed = np.argwhere(np.abs(plain - boxes).max(axis=2) > 60)
    middle = changed.mean(axis=0) / plain.shape[:2]
    assert middle == pytest.approx([0.15, 0.35], abs=0.06)


def test_the_answer_of_a_model_is_kept(settings: SettingsFactory, tmp_path: Path) -> None:
    answer = "<|ref|>title<|/ref|><|det|>[[100, 100, 600, 200]]<|/det|>\n# Found"
    picture = image_file(tmp_path / "in", "scan.png")
    with serving(OpenAiServer(text=answer)) as server:
        config = settings(engine="openai", engine_url=server.url, num_workers=1)
        ran = in_process(config, "run", str(picture), "-o", str(tmp_path / "out"), "--json")
    assert ran.status == 0, ran.err

    fetched = in_process(
        config, "fetch", ran.lines[0]["job_id"], "-o", str(tmp_path / "out"), "--save", "raw"
    )

    assert fetched.status == 0, fetched.err
    assert (tmp_path / "out/scan/raw/000001.txt").read_text() == answer
    assert "# Found" in (tmp_path / "out/scan.md").read_text()


def test_nothing_more_is_written_without_the_options(config: Settings, tmp_path: Path) -> None:
    fetch(config, ended_job(jobs_of(config), [{}]), tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("book")) == [
        "book.json",
        "book.md",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--save", "raw,letters"), "--save letters is unknown"),
        (("--layout", "omnidocbench", "--to", "pdf"), "nothing else"),
        (("--layout", "omnidocbench", "--save", "raw"), "nothing else"),
    ],
)
def test_wrong_options_are_refused_in_one_line(
    config: Settings, tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    result = in_process(config, "fetch", "0" * 32 + "-" + "0" * 16, "-o", str(tmp_path), *words)

    assert result.status == 2
    assert expected in result.err
    assert "Traceback" not in result.err


def test_a_source_that_is_gone_is_named(config: Settings, tmp_path: Path) -> None:
    jobs = jobs_of(config)
    job = ended_job(jobs, [{}])
    jobs.store.delete([object_keys.source(job.job_id, "source.pdf")])

    result = in_process(config, "fetch", job.job_id, "-o", str(tmp_path), "--to", "pdf")

    assert result.status == 2
    assert "no longer in the store" in result.out + result.err


def test_run_writes_page_files_and_fetch_reads_no_page_again(
    config: Settings, tmp_path: Path
) -> None:
    picture = image_file(tmp_path / "in", "scan.png")

    ran = in_process(config, "run", str(picture), "-o", str(tmp_path / "out"), "--to", "md,pdf",
                     "--save", "pages", "--json")  # fmt: skip
    assert ran.status == 0, ran.err
    job = ran.lines[0]["job_id"]
    marks = jobs_of(config).page_states(job).marks
    fetched = in_process(config, "fetch", job, "-o", str(tmp_path / "out"), "--layout-pdf")

    assert fetched.status == 0, fetched.err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"scan", "scan.md", "scan.json", "scan.pdf", "scan_layouts.pdf"}
    assert (tmp_path / "out/scan/pages/000001.jpg").exists()
    assert jobs_of(config).page_states(job).marks == marks
    with pymupdf.open(tmp_path / "out" / "scan.pdf") as searchable:
        assert searchable[0].search_for("fake")


def test_a_folder_of_images_becomes_flat_markdown_that_evaluate_reads(
    config: Settings, tmp_path: Path
) -> None:
    images, out = tmp_path / "in", tmp_path / "out"
    image_file(images, "page.one.png", 255)
    image_file(images / "more", "page.one.png", 200)
    image_file(images, "empty.png", 0)
    words = ("run", str(images), "-o", str(out), "--layout", "omnidocbench")

    for _ in range(2):
        assert in_process(config, *words).status == 0

    markdown = sorted(path.name for path in out.glob("*.md"))
    assert markdown == ["empty.md", "page.one-2.md", "page.one.md"]
    assert {path.name for path in out.iterdir()} == {*markdown, SUMMARY}
    assert (out / "page.one.md").read_text().startswith("fake:")
    assert (out / "empty.md").read_text() == ""
    summary = json.loads((out / SUMMARY).read_text())
    assert summary["counts"] == {"ok": 2, "blank": 1, "failed": 0}
    assert summary["seconds"] >= sum(each["seconds"] for each in summary["pages"]) - 0.01
    assert [each["document"] for each in summary["pages"]] == [
        "empty.png", "page.one.png", "page.one.png"
    ]  # fmt: skip

    truth = tmp_path / "truth.json"
    text = (out / "page.one.md").read_text()
    det = {"category_type": "text_block", "order": 1, "text": text}
    page = {"layout_dets": [det], "page_info": {"image_path": "images/page.one.png"}}
    truth.write_text(json.dumps([page]))
    scored = in_process(config, "evaluate", str(out), str(truth), "--json")
    assert scored.status == 0, scored.err
    assert scored.lines[-1]["text_distance"] == 0


def test_pages_of_a_document_are_numbered_and_failed_pages_have_no_file(
    config: Settings, tmp_path: Path
) -> None:
    figure = {"key": "figures/000001-01-0123456789ab.png", "bbox": (0, 0, 9, 9)}
    failed = {"status": "failed", "error": {"code": "engine_failed", "message": "no luck"}}
    pages: list[dict[str, Any]] = [
        {"markdown": "one\n\n![](figure:1)", "figures": [figure]},
        failed,
    ]
    job = ended_job(jobs_of(config), pages, source=named("a/../b\n.pdf"))

    result = fetch(config, job, tmp_path / "out", "--layout", "omnidocbench")

    assert result.status == 3
    (page,) = (tmp_path / "out").glob("*.md")
    assert page.name == "a_.._b_.pdf_1.md"
    assert page.read_text() == "one\n"
    entries = json.loads((tmp_path / "out" / SUMMARY).read_text())["pages"]
    assert [(each["page"], each["file"], each["status"]) for each in entries] == [
        (1, page.name, "ok"),
        (2, None, "failed"),
    ]
    assert entries[1]["error"]["message"] == "no luck"


def test_a_page_file_of_the_user_or_of_another_document_is_kept(
    config: Settings, tmp_path: Path
) -> None:
    jobs, words = jobs_of(config), ("--layout", "omnidocbench")
    first = ended_job(jobs, [{"markdown": "first"}], sha256="a" * 64)
    second = ended_job(jobs, [{"markdown": "second"}], sha256="b" * 64)
    (tmp_path / "book.md").write_text("my notes")

    for job in (first, second, first):
        fetch(config, job, tmp_path, *words)

    texts = {path.name: path.read_text() for path in tmp_path.glob("*.md")}
    assert texts == {"book.md": "my notes", "book-2.md": "first\n", "book-3.md": "second\n"}


def test_a_summary_that_is_lost_does_not_double_the_pages(config: Settings, tmp_path: Path) -> None:
    """A killed command wrote its pages and no summary."""
    job = ended_job(jobs_of(config), [{"markdown": "text"}])
    fetch(config, job, tmp_path, "--layout", "omnidocbench")
    (tmp_path / SUMMARY).unlink()

    fetch(config, job, tmp_path, "--layout", "omnidocbench")

    assert [path.name for path in tmp_path.glob("*.md")] == ["book.md"]


def test_the_photo_of_a_page_is_stored_as_it_is(config: Settings, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 255, (300, 200, 3), np.uint8))
    photo = io.BytesIO()
    noise.save(photo, "JPEG", quality=90, dpi=(100, 100))
    source = Source(name="photo.jpg", key="source.jpg", bytes=1)
    job = ended_job(jobs_of(config), [{}], data=photo.getvalue(), source=source)

    fetch(config, job, tmp_path, "--to", "pdf")

    data = (tmp_path / "photo.pdf").read_bytes()
    assert photo.getvalue() in data
    with pymupdf.open(stream=data) as document:
        assert (document[0].rect.width, document[0].rect.height) == (144, 216)
