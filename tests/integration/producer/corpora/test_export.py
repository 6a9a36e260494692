"""Every document of a collection is in its export or in the list of failures, after any death."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.corpora.collection_index import CollectionIndex
from producer.corpora.export.export import ExportSummary, export_collection
from producer.corpora.export.shards import ShardOptions
from producer.corpora.failures import failures_of, load_with_ends
from shared.domain.collections.export_records import ExportManifest
from shared.domain.collections.records import Member, MembersPart
from shared.domain.errors import UsageError
from shared.domain.records.job import Source
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.job_store import JobStore
from shared.jobs.reduction import reduce_job
from shared.storage.store import ObjectStore
from shared.storage.store_file import FileStore
from tests.support.fleets.killed_writer import SignalledWork
from tests.support.fleets.stored_jobs import ended_job, open_job, page_result

PAGE_FAILED = {"status": "failed", "error": {"code": "repetition", "message": "a loop"}}


def member(name: str, job_id: str | None, pages: int = 1, **values: Any) -> Member:
    key = hashlib.sha256(name.encode()).hexdigest()[:32]
    plain = {"input": f"in/{name}", "name": name, "stamp": None, "code": None, "message": None}
    return Member(key=key, job_id=job_id, pages=pages, **{**plain, **values})


def ended(jobs: JobStore, name: str, results: Iterable[dict[str, Any]] = ({},)) -> Member:
    results = list(results)
    data = f"{name} {len(results)}".encode()
    source = Source(name=name, key="source.pdf", bytes=len(data))
    manifest = ended_job(jobs, results, data=data, source=source)
    return member(name, manifest.job_id, len(results))


class Corpus:
    """A collection with every kind of document, in a store of its own."""

    def __init__(self, store: ObjectStore, numbers: int = 6) -> None:
        self.jobs = JobStore(store)
        self.collection = CollectionStore(store, "corpus")
        self.collection.create()
        rows = [ended(self.jobs, f"{number}.pdf") for number in range(numbers)]
        rows.insert(2, member("torn.pdf", None, 0, code="corrupt", message="torn"))
        rows.insert(3, ended(self.jobs, "partial.pdf", [{}, PAGE_FAILED]))
        rows.insert(4, ended(self.jobs, "failed.pdf", [PAGE_FAILED]))
        rows.append(rows[0]._replace(key="f" * 32, input="in/copy.pdf", name="copy.pdf"))
        self.collection.members.append(MembersPart.of(rows))
        self.documents = {row.input for row in rows}

    def export(self, target: ObjectStore, name: str = "corpus", **options: Any) -> ExportSummary:
        chosen = ShardOptions(**{"format": "jsonl", "most_documents": 3, **options})
        with CollectionIndex() as index:
            load_with_ends(self.jobs, self.collection, index)
            return export_collection(name, self.jobs, index, target, chosen)


@pytest.fixture
def corpus(file_store: ObjectStore) -> Corpus:
    return Corpus(file_store)


@pytest.fixture
def target(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "export")


def manifest_of(target: ObjectStore) -> ExportManifest:
    return ExportManifest.model_validate_json(target.get("manifest.json"))


def lines(target: ObjectStore) -> Iterator[dict[str, Any]]:
    for shard in manifest_of(target).shards:
        data = target.get(shard.file)
        assert hashlib.sha256(data).hexdigest() == shard.sha256
        rows = data.decode().splitlines()
        assert len(rows) == shard.rows
        yield from map(json.loads, rows)


def check_complete(corpus: Corpus, target: ObjectStore) -> None:
    """Documents in are documents out and failures, in their order, each once."""
    manifest = manifest_of(target)
    names = [f"in/{line['metadata']['Source-File']}" for line in lines(target)]
    failed = [failure.document for failure in manifest.failures]
    assert len(names + failed) == len(corpus.documents) == manifest.documents
    assert set(names) | set(failed) == corpus.documents
    assert (manifest.rows, manifest.failed) == (len(names), len(failed))


def test_every_document_is_a_row_or_a_failure_with_its_reason(
    corpus: Corpus, target: FileStore
) -> None:
    summary = corpus.export(target)

    check_complete(corpus, target)
    assert (summary.documents, summary.rows, summary.failed, summary.shards) == (10, 8, 2, 4)
    failures = {each.document: (each.code, each.reason) for each in manifest_of(target).failures}
    assert failures == {
        "in/torn.pdf": ("corrupt", "torn"),
        "in/failed.pdf": ("repetition", "the job ended as failed; page 1: a loop"),
    }
    by_name = {line["metadata"]["Source-File"]: line for line in lines(target)}
    assert by_name["partial.pdf"]["metadata"]["failed-pages"] == [2]
    assert "text of page 1" in by_name["0.pdf"]["text"]
    sums = target.get("SHA256SUMS").decode().splitlines()
    assert len(sums) == len(manifest_of(target).shards)


def test_an_export_that_is_killed_at_any_write_is_completed_by_the_next(
    corpus: Corpus, target: FileStore, tmp_path: Path
) -> None:
    whole = FileStore(tmp_path / "whole")
    corpus.export(whole)
    expected = {key: whole.get(key) for key in whole.list("")}
    at = 1
    while SignalledWork(lambda struck: corpus.export(struck.store), target, at).killed():
        assert not target.exists("manifest.json")
        finished = {key for key, _ in target.stamped("_receipts/")}
        before = dict(target.stamped(""))

        summary = corpus.export(target)

        after = dict(target.stamped(""))
        assert summary.kept == len(finished)
        assert {key: after[key] for key in finished} == {key: before[key] for key in finished}
        assert {key: target.get(key) for key in target.list("")} == expected
        target.delete(list(target.list("")))
        at += 1
    assert at > 8


def test_an_export_again_writes_only_shards_whose_documents_changed(
    corpus: Corpus, target: FileStore
) -> None:
    corpus.export(target)
    before = dict(target.stamped("part"))
    with CollectionIndex() as index:
        index.load(corpus.collection)
        entries = list(index.entries())
    changed = ended(corpus.jobs, "changed.pdf", [{}, {}])
    second = entries[4].member
    corpus.collection.members.append(
        MembersPart.of([second._replace(job_id=changed.job_id), changed])
    )
    corpus.documents.add("in/changed.pdf")
    # Killed before it writes a shard, after it has deleted the files that are not true any more.
    assert SignalledWork(lambda struck: corpus.export(struck.store), target, 3).killed()
    assert not target.exists("manifest.json")

    summary = corpus.export(target)

    assert summary.kept == 1
    check_complete(corpus, target)
    after = dict(target.stamped("part"))
    assert after["part-00000.jsonl"] == before["part-00000.jsonl"]
    assert after["part-00001.jsonl"] != before["part-00001.jsonl"]
    assert corpus.export(target).kept == summary.shards


@pytest.mark.parametrize(
    "changes",
    [
        {"file": "../corpus.txt"},
        {"file": "part-00001.jsonl"},
        {"file": f"x\n{'0' * 64}  y"},
        {"rows": 7},
        {"sha256": "0" * 64},
    ],
    ids=str,
)
def test_a_shard_with_a_forged_receipt_is_written_again(
    corpus: Corpus, target: FileStore, changes: dict[str, Any]
) -> None:
    corpus.export(target)
    expected = {key: target.get(key) for key in target.list("")}
    forged = json.loads(target.get("_receipts/00000.json"))
    forged["file"].update(changes)
    target.put("_receipts/00000.json", json.dumps(forged).encode())

    assert corpus.export(target).kept == 0
    assert {key: target.get(key) for key in target.list("")} == expected


def test_a_shard_that_was_changed_in_place_is_written_again(
    corpus: Corpus, target: FileStore
) -> None:
    corpus.export(target)
    shard = target.get("part-00001.jsonl")
    target.put("part-00001.jsonl", shard.replace(b"text of page", b"TEXT of page"))

    assert corpus.export(target).kept == 1
    assert target.get("part-00001.jsonl") == shard


def test_larger_shards_replace_those_of_an_earlier_export(
    corpus: Corpus, target: FileStore
) -> None:
    corpus.export(target, most_documents=2)

    corpus.export(target, most_documents=100)

    assert list(target.list("part")) == ["part-00000.jsonl"]
    check_complete(corpus, target)


def test_no_export_replaces_that_of_another_collection(corpus: Corpus, target: FileStore) -> None:
    corpus.export(target)
    before = dict(target.stamped(""))

    with pytest.raises(UsageError, match="holds an export of the collection 'corpus'"):
        corpus.export(target, name="other")

    assert dict(target.stamped("")) == before


def test_an_export_of_an_older_release_is_continued(corpus: Corpus, target: FileStore) -> None:
    corpus.export(target)
    target.delete(["_collection.json"])

    assert corpus.export(target).kept == 4
    target.delete(["_collection.json", "manifest.json"])
    assert corpus.export(target).kept == 4


@pytest.mark.parametrize("name", ["part-00007.jsonl", "manifest.json", "SHA256SUMS"])
def test_files_that_are_of_no_export_stay(corpus: Corpus, target: FileStore, name: str) -> None:
    target.put(name, b"mine")

    with pytest.raises(UsageError, match=f"has a {name} that is not of an export"):
        corpus.export(target)

    assert {key: target.get(key) for key in target.list("")} == {name: b"mine"}


def test_a_shard_ends_at_its_size(corpus: Corpus, target: FileStore) -> None:
    corpus.export(target, most_documents=100, most_bytes=1)

    assert [shard.rows for shard in manifest_of(target).shards] == [1] * 8


def test_store_and_target_may_be_in_s3(s3_store: ObjectStore, tmp_path: Path) -> None:
    corpus, target = Corpus(s3_store), FileStore(tmp_path / "export")
    corpus.export(s3_store)
    corpus.export(target)

    check_complete(corpus, s3_store)
    for shard in manifest_of(target).shards:
        assert s3_store.get(shard.file) == target.get(shard.file)
    assert corpus.export(s3_store).kept == len(list(s3_store.list("_receipts/")))


def test_purged_and_unfinished_documents_are_failures(corpus: Corpus, target: FileStore) -> None:
    waiting = open_job(corpus.jobs, 1, data=b"waiting")
    gone = member("gone.pdf", "0" * 32 + "-" + "0" * 16)
    rows = [member("waiting.pdf", waiting.job_id), gone]
    corpus.collection.members.append(MembersPart.of(rows))
    corpus.documents |= {row.input for row in rows}

    corpus.export(target)

    check_complete(corpus, target)
    codes = {each.document: each.code for each in manifest_of(target).failures}
    assert (codes["in/waiting.pdf"], codes["in/gone.pdf"]) == ("waiting", "not_found")
    corpus.jobs.write_result(page_result(waiting, 1))
    reduce_job(corpus.jobs, waiting)
    corpus.export(target)
    assert "in/waiting.pdf" not in {each.document for each in manifest_of(target).failures}


def test_parquet_has_the_rows_of_the_json_lines(
    corpus: Corpus, target: FileStore, tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    corpus.export(target)
    columns = FileStore(tmp_path / "columns")

    corpus.export(columns, format="parquet")

    rows = [
        row
        for shard in manifest_of(columns).shards
        for row in parquet.read_table(tmp_path / "columns" / shard.file).to_pylist()
    ]
    assert rows == list(lines(target))


def test_the_failure_report_names_documents_pages_and_reasons(corpus: Corpus) -> None:
    report = [each.as_plain() for each in failures_of(corpus.jobs, corpus.collection)]

    assert [(each["document"], each["page"], each["code"]) for each in report] == [
        ("in/torn.pdf", None, "corrupt"),
        ("in/partial.pdf", 2, "repetition"),
        ("in/failed.pdf", 1, "repetition"),
    ]
    assert {each["reason"] for each in report} == {"torn", "a loop"}
