"""Which job answers for a document: only one of exactly this content and these options."""

from pathlib import Path

import pytest

from shared.domain import object_keys
from shared.domain.job_ids import JobIdentity
from shared.domain.records.base import to_json
from shared.domain.records.job import Done, Manifest
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.support.fleets.fleet import Fleet, pdf
from tests.support.paths import SAMPLES

COLLIDING = [SAMPLES / "cases" / "attacks" / f"same-prefix-{name}.pdf" for name in "ab"]


def submitted(fleet: Fleet, document: Path, *words: str) -> str:
    """The job that ``submit --wait`` ends with."""
    ended = fleet("submit", str(document), "--wait", "--json", *words)
    assert ended.status == 0, ended.err
    job_id: str = ended.lines[0]["job_id"]
    return job_id


def copy_as(jobs: JobStore, job_id: str, other_id: str, **changed: object) -> None:
    """Store the ended job ``job_id`` once more as ``other_id``, with a changed manifest."""
    manifest = jobs.manifest(job_id)
    assert manifest is not None
    copy = Manifest.model_validate({**manifest.model_dump(), "job_id": other_id, **changed})
    for name in ("document.md", "document.json", manifest.source.key):
        content = jobs.store.get(object_keys.in_job(job_id, name))
        jobs.store.put(object_keys.in_job(other_id, name), content)
    for result in jobs.results(job_id, [1], jobs.page_states(job_id)):
        jobs.write_result(result.model_copy(update={"job_id": other_id}))
    done = jobs.done(job_id)
    assert isinstance(done, Done)
    jobs.store.put(object_keys.manifest(other_id), to_json(copy))
    jobs.store.put(object_keys.done(other_id), to_json(done))


@pytest.mark.skipif(not COLLIDING[0].exists(), reason="the sample documents are not here")
def test_two_documents_whose_digests_begin_alike_have_two_jobs(fake_fleet: Fleet) -> None:
    first, second = (submitted(fake_fleet, document) for document in COLLIDING)

    assert first != second
    jobs = JobStore(open_store(fake_fleet.settings))
    digests = {manifest.sha256 for id_ in (first, second) if (manifest := jobs.manifest(id_))}
    assert len(digests) == 2


def test_a_job_of_an_earlier_release_answers_for_its_document(
    fake_fleet: Fleet, tmp_path: Path
) -> None:
    document = pdf(tmp_path / "old.pdf", 1, title="earlier release")
    jobs = JobStore(open_store(fake_fleet.settings))
    job_id = submitted(fake_fleet, document)
    manifest = jobs.manifest(job_id)
    assert manifest is not None
    legacy = JobIdentity(manifest.sha256, manifest.options).legacy_job_id
    copy_as(jobs, job_id, legacy)
    assert fake_fleet("purge", job_id).status == 0

    assert submitted(fake_fleet, document) == legacy
    assert fake_fleet("fetch", legacy, "-o", str(tmp_path / "out")).status == 0
    assert submitted(fake_fleet, document, "--force") == job_id


@pytest.mark.parametrize("changed", [{"sha256": "f" * 64}, {"options": {"pages": "1"}}])
def test_a_job_of_another_document_under_the_same_id_never_answers(
    fake_fleet: Fleet, tmp_path: Path, changed: dict[str, object]
) -> None:
    title = f"taken id {changed}"
    document = pdf(tmp_path / "new.pdf", 2, title=title)
    jobs = JobStore(open_store(fake_fleet.settings))
    job_id = submitted(fake_fleet, document)
    manifest = jobs.manifest(job_id)
    assert manifest is not None
    if "options" in changed:
        options = manifest.options.model_copy(update=changed["options"])  # type: ignore[arg-type]
        changed = {"options": options.model_dump()}
    copy_as(jobs, job_id, job_id, **changed)

    assert submitted(fake_fleet, document) == f"{job_id}-2"
    assert submitted(fake_fleet, document) == f"{job_id}-2"
