"""Converts broken and hostile documents with the real ``run``; ``make fuzz`` takes a thousand."""

from pathlib import Path

import pytest

from producer.delivery.export import FinishedJob, export
from producer.delivery.folder_sink import FolderSink
from producer.delivery.stems import Stems
from shared.domain.records.options import RenderOptions
from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore
from tests.support.documents.hostile_corpus import corpus, write_corpus
from tests.support.fleets.stored_jobs import ended_job
from tests.system.commands.hostile_run import limited, survive

#: Documents that use up the time limit of a helper process; only ``make fuzz`` has them.
SLOW = ("billion-laughs", "pattern-")


def test_hostile_documents_affect_no_other_document_and_no_process(tmp_path: Path) -> None:
    documents = corpus(70, seed=7, bombs=False)
    quick = [each for each in documents if not any(name in each[0] for name in SLOW)][:60]
    paths = write_corpus(tmp_path / "in", quick)

    judged = survive(limited(tmp_path / "home", seconds=4, attempts=1), paths, tmp_path / "out")

    assert judged.problems == []
    assert judged.tally.total() == 60
    assert judged.tally["ok"] > 10
    assert judged.tally["corrupt"] > 3
    assert {path.name for path in tmp_path.iterdir()} == {"home", "in", "out"}
    assert sorted(tmp_path.joinpath("in").iterdir()) == sorted(paths)


@pytest.mark.parametrize(
    "name", ["..", ".", "../../evil.pdf", "a/../../b", "..\\evil", "\0", "", "x" * 400, "a\n.pdf"]
)
def test_a_name_with_parent_folders_becomes_a_plain_name(name: str, tmp_path: Path) -> None:
    stem = Stems().take(name)

    written = tmp_path / f"{stem}.md"
    written.touch()
    assert written.resolve().parent == tmp_path.resolve()
    assert (tmp_path / stem).parent == tmp_path


def test_a_tampered_figure_key_is_not_exported(file_store: ObjectStore, tmp_path: Path) -> None:
    jobs = JobStore(file_store)
    figure = {"key": "../../../secret.png", "bbox": (0, 0, 9, 9)}
    manifest = ended_job(jobs, [{"markdown": "![](figure:1)", "figures": [figure]}])
    (tmp_path / "secret.png").write_bytes(b"secret")
    file_store.put(f"jobs/{manifest.job_id}/figures/evil.html", b"<script>")

    job = FinishedJob(jobs, manifest, RenderOptions())
    export(job, FolderSink(tmp_path / "out"), "a")

    assert "../" not in (tmp_path / "out/a.md").read_text()
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {"a.md", "a.json"}
