"""Downloads of objects of any size from a real S3 service."""

import random
from pathlib import Path

import pytest

from shared.config.settings import Settings
from shared.domain.errors import NotFound, TooLarge
from shared.storage import s3_download
from shared.storage.factory import download_uri
from shared.storage.s3_bucket import Bucket, open_bucket
from tests.conftest import SettingsFactory
from tests.support.fleets.watch_lab import requests_counted

PART = 64 * 1024


@pytest.fixture
def made(s3_settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of the service, with parts so small that an object has many."""
    monkeypatch.setattr(s3_download, "PART", PART)
    return s3_settings()


@pytest.fixture
def bucket(made: Settings) -> Bucket:
    """The service's bucket."""
    return open_bucket(str(made.store).split("/")[2], made)


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 7 * PART + 13])
def test_a_download_is_exact_and_takes_one_request_for_each_part(
    made: Settings, bucket: Bucket, tmp_path: Path, size: int
) -> None:
    data = random.Random(size).randbytes(size)
    bucket.write("large", data, "application/octet-stream")

    with requests_counted(made) as counted:
        found = download_uri(f"s3://{bucket.name}/large", tmp_path / "x", 1 << 30, made)

    assert (tmp_path / "x").read_bytes() == data
    assert found.size == size
    parts = -(-size // PART) if size > PART else 0
    assert counted["GetObject"] == 1 + parts


def test_an_object_that_is_replaced_between_two_parts_is_not_mixed(
    made: Settings, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.write("large", b"a" * 5 * PART, "application/octet-stream")
    real = s3_download._Reader.in_parts

    def replaced(reader: object, *arguments: object) -> None:
        bucket.write("large", b"b" * 5 * PART, "application/octet-stream")
        real(reader, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(s3_download._Reader, "in_parts", replaced)

    with pytest.raises(NotFound, match="another version"):
        download_uri(f"s3://{bucket.name}/large", tmp_path / "x", 1 << 30, made)
    assert list(tmp_path.glob("*x*")) == []


def test_another_version_than_the_requested_one_is_not_downloaded(
    made: Settings, bucket: Bucket, tmp_path: Path
) -> None:
    bucket.write("x", b"now", "text/plain")
    with pytest.raises(NotFound):
        download_uri(f"s3://{bucket.name}/x", tmp_path / "x", 1 << 30, made, "0" * 32)


def test_an_object_over_the_limit_is_refused_before_its_parts_are_read(
    made: Settings, bucket: Bucket, tmp_path: Path
) -> None:
    bucket.write("large", b"a" * 5 * PART, "application/octet-stream")
    with requests_counted(made) as counted, pytest.raises(TooLarge):
        download_uri(f"s3://{bucket.name}/large", tmp_path / "x", 4 * PART, made)
    assert counted["GetObject"] == 1
