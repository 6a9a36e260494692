"""What a client of the store may have written into a job's records."""

import pytest

from shared.domain import object_keys
from shared.domain.errors import CorruptDocument
from shared.domain.records.base import to_json
from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore
from tests.support.documents.merged import manifest
from tests.support.fleets.stored_jobs import page_result

JOB = "0123456789abcdef-01234567"


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 3000,
        b"{}",
        b"[]",
        b'{"worker_s": null}',
        b"\xff",
        b'{"worker_s": NaN}',
        b'{"worker_s": 1e999}',
        b'{"worker_s": -1}',
        b'{"worker_s": 1' + b"0" * 400 + b"}",
    ],
)
def test_a_forged_document_has_no_worker_seconds(file_store: ObjectStore, data: bytes) -> None:
    file_store.put(object_keys.document(JOB, "json"), data)

    assert JobStore(file_store).document_facts(JOB) is None


def test_the_manifest_of_another_job_is_no_manifest_of_this_one(file_store: ObjectStore) -> None:
    # A purge, cancel or retry of this job would otherwise change the other one.
    file_store.put(object_keys.manifest(JOB), to_json(manifest(1)))

    with pytest.raises(CorruptDocument, match="another job"):
        JobStore(file_store).manifest(JOB)


def test_the_result_of_another_job_or_page_is_no_result_of_this_one(
    file_store: ObjectStore,
) -> None:
    own = manifest(2)
    result = to_json(page_result(own, 1))
    file_store.put(object_keys.page(JOB, 1), result)
    file_store.put(object_keys.page(own.job_id, 2), result)
    jobs = JobStore(file_store)

    with pytest.raises(CorruptDocument, match="another job"):
        jobs.good_result(JOB, 1)
    with pytest.raises(CorruptDocument, match="another page"):
        jobs.good_result(own.job_id, 2)
