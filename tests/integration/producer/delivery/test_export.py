"""A finished job is exported in a fixed order: figures, JSON, Markdown."""

from pathlib import Path
from typing import BinaryIO

import pytest

from producer.delivery.export import FinishedJob, export
from producer.delivery.folder_sink import FolderSink
from shared.domain.errors import TooManyPages
from shared.domain.formats.export_formats import export_choice
from shared.domain.records.job import Manifest
from shared.domain.records.options import RenderOptions
from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore
from tests.support.fleets.stored_jobs import ended_job

FIGURE = "000001-01-0123456789ab.png"


class RecordingSink:
    """Keeps what was written, in order."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def write(self, key: str, data: bytes | BinaryIO) -> None:
        self.files[key] = data if isinstance(data, bytes) else data.read()


def job_with_figure(jobs: JobStore) -> Manifest:
    """An ended job of one page with a figure, beside which lies a file that is none."""
    figure = {"key": f"figures/{FIGURE}", "bbox": (0, 0, 9, 9)}
    manifest = ended_job(jobs, [{"markdown": "![](figure:1)", "figures": [figure]}])
    jobs.store.put(f"jobs/{manifest.job_id}/figures/{FIGURE}", b"the crop")
    jobs.store.put(f"jobs/{manifest.job_id}/figures/evil.html", b"<script>")
    return manifest


def test_the_markdown_is_written_last_and_links_to_the_figures(file_store: ObjectStore) -> None:
    jobs, sink = JobStore(file_store), RecordingSink()
    manifest = job_with_figure(jobs)

    done = export(FinishedJob(jobs, manifest, RenderOptions()), sink, "in/my book.pdf").done

    name = "in/my book.pdf"
    assert list(sink.files) == [f"{name}/figures/{FIGURE}", f"{name}.json", f"{name}.md"]
    assert f"(my%20book.pdf/figures/{FIGURE})".encode() in sink.files[f"{name}.md"]
    assert (done.status, done.counts.ok) == ("ok", 1)


def test_a_folder_receives_the_same_files(file_store: ObjectStore, tmp_path: Path) -> None:
    jobs, memory = JobStore(file_store), RecordingSink()
    job = FinishedJob(jobs, job_with_figure(jobs), RenderOptions())
    export(job, memory, "book")

    export(job, FolderSink(tmp_path / "out"), "book")

    written = {path for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {str(path.relative_to(tmp_path / "out")): path.read_bytes() for path in written} == (
        memory.files
    )


def test_render_options_decide_the_status_of_the_exported_document(
    file_store: ObjectStore,
) -> None:
    failed = {"status": "failed", "error": {"code": "repetition", "message": "a loop"}}
    jobs = JobStore(file_store)
    manifest = ended_job(jobs, [{}, failed])

    lenient = FinishedJob(jobs, manifest, RenderOptions())
    strict = FinishedJob(jobs, manifest, RenderOptions(max_failed_pages=0))

    assert export(lenient, RecordingSink(), "a").done.status == "partial"
    assert export(strict, RecordingSink(), "a").done.status == "failed"


def test_a_large_document_is_written_from_a_file_with_the_same_bytes(
    file_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, memory = JobStore(file_store), RecordingSink()
    job = FinishedJob(jobs, job_with_figure(jobs), RenderOptions())
    export(job, memory, "book")
    monkeypatch.setattr("shared.document.document_file.MOST_IN_MEMORY", 10)
    from_files = RecordingSink()

    export(job, from_files, "book")
    export(job, FolderSink(tmp_path), "book")

    assert from_files.files == memory.files
    assert (tmp_path / "book.md").read_bytes() == memory.files["book.md"]


def test_formats_that_hold_a_document_in_memory_refuse_one_that_is_too_long(
    file_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, sink = JobStore(file_store), RecordingSink()
    manifest = ended_job(jobs, [{}, {}, {}])
    monkeypatch.setattr("producer.delivery.export.MOST_PAGES_IN_MEMORY", 2)
    html = FinishedJob(jobs, manifest, RenderOptions(), export_choice(["md,html"]))

    with pytest.raises(TooManyPages, match="at most 2 pages; this one has 3"):
        export(html, sink, "book")

    assert sink.files == {}
    export(FinishedJob(jobs, manifest, RenderOptions()), sink, "book")
    assert list(sink.files) == ["book.json", "book.md"]


def test_a_figure_of_an_impossible_size_is_left_out(
    file_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, sink = JobStore(file_store), RecordingSink()
    manifest = job_with_figure(jobs)
    monkeypatch.setattr("producer.delivery.export.MAX_FIGURE_BYTES", 4)

    export(FinishedJob(jobs, manifest, RenderOptions()), sink, "book")

    assert list(sink.files) == ["book.json", "book.md"]
