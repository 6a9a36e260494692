"""What a client of the store may have written into a job's records."""

import pytest

from shared.domain import object_keys
from shared.jobs.job_store import JobStore
from shared.storage.store import ObjectStore

JOB = "0123456789abcdef-01234567"


@pytest.mark.parametrize("data", [b"[" * 3000, b"{}", b"[]", b'{"worker_s": null}', b"\xff"])
def test_a_forged_document_has_no_worker_seconds(file_store: ObjectStore, data: bytes) -> None:
    file_store.put(object_keys.document(JOB, "json"), data)

    assert JobStore(file_store).document_facts(JOB) is None
