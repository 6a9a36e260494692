"""The IAM policies allow exactly the operations that the code requests from AWS."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.storage import s3_client
from shared.storage.factory import download_uri, list_uri, open_store
from shared.storage.store_s3 import S3Store
from tests.conftest import SettingsFactory
from tests.support.documents.digests import file_digest
from tests.support.fleets.stored_jobs import ended_job, open_job
from tests.support.paths import ROOT

POLICIES = ROOT / "infra" / "aws"
#: The IAM permission of each API operation.
PERMISSIONS = {
    "GetObject": ["s3:GetObject"],
    "HeadObject": ["s3:GetObject"],
    "PutObject": ["s3:PutObject"],
    "CreateMultipartUpload": ["s3:PutObject"],
    "UploadPart": ["s3:PutObject"],
    "CompleteMultipartUpload": ["s3:PutObject"],
    "AbortMultipartUpload": ["s3:AbortMultipartUpload"],
    "CopyObject": ["s3:PutObject"],
    "UploadPartCopy": ["s3:PutObject"],
    "ListObjectsV2": ["s3:ListBucket"],
    "DeleteObject": ["s3:DeleteObject"],
    "DeleteObjects": ["s3:DeleteObject"],
}
#: Client methods that the source may call, and the operations that they use.
METHODS = {
    "get_object": ["GetObject"],
    "put_object": ["PutObject"],
    "head_object": ["HeadObject"],
    "list_objects_v2": ["ListObjectsV2"],
    "delete_object": ["DeleteObject"],
    "delete_objects": ["DeleteObjects"],
    "upload_fileobj": ["PutObject", "CreateMultipartUpload", "AbortMultipartUpload"],
    "copy": ["HeadObject", "CopyObject", "UploadPartCopy"],
}


def statements(name: str) -> list[dict[str, Any]]:
    """The statements of a shipped policy."""
    policy: list[dict[str, Any]] = json.loads((POLICIES / name).read_text())["Statement"]
    return policy


def allows(name: str, permission: str, resource: str) -> bool:
    """Whether a policy allows ``permission`` on ``resource``."""
    return any(
        permission in _listed(each["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in _listed(each["Resource"]))
        for each in statements(name)
    )


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.fixture
def asked(
    s3_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[str, str]]]:
    """Every operation that is sent: its name and its key below the store, "" for the bucket."""
    settings = s3_settings()
    store = open_store(settings)
    assert isinstance(store, S3Store)
    events = s3_client.client(s3_client.options_of(settings)).meta.events
    prefix = (settings.store or "").split("/", 3)[3]
    found: list[tuple[str, str]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        names = [params["Key"]] if "Key" in params else []
        names += [each["Key"] for each in params.get("Delete", {}).get("Objects", ())]
        found.extend((model.name, name.removeprefix(prefix + "/")) for name in names or [""])

    events.register("before-parameter-build.s3", note)
    yield found
    events.unregister("before-parameter-build.s3", note)


def test_the_operations_on_a_job_need_exactly_what_the_policies_allow(
    s3_settings: SettingsFactory, asked: list[tuple[str, str]], tmp_path: Path
) -> None:
    live_through(s3_settings, tmp_path)

    assert {operation for operation, _ in asked} <= set(PERMISSIONS)
    for name in ("iam-worker.json", "iam-producer.json", "iam-watcher.json"):
        for operation, key in asked:
            resource = f"arn:aws:s3:::BUCKET/PREFIX/{key}" if key else "arn:aws:s3:::BUCKET"
            for permission in PERMISSIONS[operation]:
                assert allows(name, permission, resource), (name, operation, key)
        (keep,) = (each for each in statements(name) if each["Sid"] == "KeepJobs")
        used = {each for operation, key in asked if key for each in PERMISSIONS[operation]}
        # An upload is aborted only where a part of it failed.
        assert set(keep["Action"]) == used | {"s3:AbortMultipartUpload"}


def live_through(s3_settings: SettingsFactory, tmp_path: Path) -> None:
    """Every operation on jobs: create, finish, fetch, reopen, list and purge."""
    settings = s3_settings()
    store = open_store(settings)
    jobs = JobStore(store)
    large = tmp_path / "large"
    large.write_bytes(b"x" * (s3_client.UPLOAD.multipart_threshold + 1))
    manifest = ended_job(jobs, [{}, {"status": "failed"}], webhook="https://host.example/")
    store.put_file(f"jobs/{manifest.job_id}/source.tif", large, file_digest(large))
    store.copy_from(f"{store.url}/jobs/{manifest.job_id}/source.pdf", "jobs/copy")
    store.download("jobs/copy", tmp_path / "copy")
    download_uri(f"{store.url}/jobs/copy", tmp_path / "input", 10**6, settings)
    list(list_uri(f"{store.url}/jobs/", settings))
    jobs.reopen(manifest, [2])
    list(jobs.job_ids())
    list(jobs.series(manifest.job_id))
    purge(jobs, manifest.job_id)
    store.check()
    open_job(jobs, 1, sha256="b" * 64)


def test_no_policy_allows_access_outside_its_buckets_and_prefixes() -> None:
    for path in POLICIES.glob("iam-*.json"):
        for each in statements(path.name):
            assert each["Effect"] == "Allow"
            assert all("*" not in action for action in _listed(each["Action"]))
            assert all(not resource.startswith("*") for resource in _listed(each["Resource"]))
            assert all(":::*" not in resource for resource in _listed(each["Resource"]))
        assert not allows(path.name, "s3:GetObject", "arn:aws:s3:::BUCKET/other/secret")
        assert not allows(path.name, "s3:PutObject", "arn:aws:s3:::INPUT-BUCKET/INPUT-PREFIX/a")


def test_every_client_call_in_the_source_is_listed_here() -> None:
    source = "".join(path.read_text() for path in (ROOT / "shared" / "storage").glob("*s3*.py"))
    called = set(re.findall(r"client(?:\([^()]*(?:\([^()]*\))?[^()]*\))?\.([a-z_0-9]+)\(", source))

    assert called & set(METHODS), "the pattern matches nothing"
    assert called - set(dir(s3_client)) <= set(METHODS)
    assert {operation for each in METHODS.values() for operation in each} <= set(PERMISSIONS)


def test_the_watchers_policy_allows_the_calls_of_the_queue_client() -> None:
    source = (ROOT / "shared" / "storage" / "sqs_client.py").read_text()
    called = set(re.findall(r"_client\.([a-z_]+)\(", source))
    names = {"sqs:" + "".join(part.title() for part in each.split("_")) for each in called}

    (receive,) = (each for each in statements("iam-watcher.json") if each["Sid"] == "ReceiveEvents")
    assert set(receive["Action"]) == names
