"""Documents of many pages: the reducer's memory, and that spools change nothing."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared.document.assembly import assemble
from shared.document.record import DocumentRecord
from shared.domain.records.base import to_json
from shared.domain.records.job import Manifest
from shared.domain.records.options import RenderOptions
from shared.jobs.job_store import JobStore
from shared.jobs.reduction import reduce_job
from shared.storage.store_file import FileStore
from tests.support.documents.long_document import long_manifest, long_results, write_results

#: Where in the record of a document which list begins.
_LISTS = ("pages", "ledger", "blocks", "joins")


def merged(folder: Path, pages: int) -> tuple[Manifest, float]:
    """The job of a document that a process of its own merged, and the memory of that in MiB."""
    manifest = long_manifest(pages)
    write_results(folder, manifest)
    command = [sys.executable, "-m", "benchmarks.merging", "--store", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return manifest, json.loads(done.stdout)["peak_mib"]


def test_the_memory_of_the_reducer_does_not_grow_with_the_document(tmp_path: Path) -> None:
    _, short = merged(tmp_path / "short", 900)
    _, long = merged(tmp_path / "long", 2400)

    # A page result alone has 24 KiB in memory, so 1,500 more pages would need 35 MiB.
    assert long < short + 12


@pytest.mark.parametrize("footnotes", ["inline", "end"])
def test_a_document_that_memory_does_not_hold_has_the_same_bytes(
    footnotes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, render = long_manifest(230), RenderOptions.model_validate({"footnotes": footnotes})
    with assemble(manifest, long_results(manifest), render) as document:
        expected = {suffix: file.data for suffix, file in document.files.items()}
    monkeypatch.setattr("shared.document.spool.MOST_KEPT", 7)
    monkeypatch.setattr("shared.document.structure.merging.MOST_KEPT", 7)
    monkeypatch.setattr("shared.document.document_file.MOST_IN_MEMORY", 1000)

    with assemble(manifest, long_results(manifest), render) as document:
        written = {suffix: file.data for suffix, file in document.files.items()}
        digests = {suffix: file.sha256 for suffix, file in document.files.items()}

    assert written == expected
    assert digests == {key: hashlib.sha256(data).hexdigest() for key, data in expected.items()}
    assert to_json(DocumentRecord.model_validate_json(written["json"])) == written["json"]
    record = json.loads(written["json"])
    assert all(len(record[name]) > 7 for name in _LISTS)
    assert record["joins"][0]["kind"] == "paragraph"


def test_large_files_are_stored_in_parts_and_small_ones_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = long_manifest(20)
    write_results(tmp_path, manifest)
    with assemble(manifest, long_results(manifest), RenderOptions()) as document:
        expected = {suffix: file.data for suffix, file in document.files.items()}
    monkeypatch.setattr("shared.document.document_file.MOST_IN_MEMORY", len(expected["md"]))
    jobs = JobStore(FileStore(tmp_path))

    done = reduce_job(jobs, manifest)

    assert done.status == "ok"
    folder = tmp_path / "jobs" / manifest.job_id
    assert {key: (folder / f"document.{key}").read_bytes() for key in expected} == expected
