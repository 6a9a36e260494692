"""The fleets whose inboxes the tests of watchers use."""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from producer.intake.opener import Intake
from shared.config.settings import build_settings
from shared.storage.s3_client import forget_clients
from tests.support.fleets.fleet import workers
from tests.support.fleets.watch_lab import Lab
from tests.support.servers.moto_server import REGION, Moto
from tests.support.servers.processes import S3Server, start_redis


@contextmanager
def _watch_fleet(folder: Path, **values: Any) -> Iterator[Lab]:
    """A fleet with the fake engine; ``values`` are settings, ``environment`` holds credentials.

    It has a broker of its own, because other tests empty that of the session.
    """
    environment: Mapping[str, str] = values.pop("environment")
    bucket = values.pop("bucket")
    (folder / "redis").mkdir()
    redis = start_redis(folder / "redis")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        forget_clients()
        fake = {"engine": "fake", "fake_render": False, "num_workers": 1}
        settings = build_settings(
            {"home": folder / "home", "redis_url": redis.url, **fake, **values}
        )
        try:
            with workers(settings, folder / "workers.log"), Intake(settings) as intake:
                yield Lab(settings, bucket, intake, folder)
        finally:
            redis.stop()
    forget_clients()


@pytest.fixture(scope="module")
def watch_fleet(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A fleet whose store and inboxes are in SeaweedFS; tests use ``lab``."""
    with _watch_fleet(
        tmp_path_factory.mktemp("watch"),
        environment=s3_server.environment,
        bucket=s3_server.bucket,
        store=f"s3://{s3_server.bucket}/{secrets.token_hex(6)}",
        s3_endpoint_url=s3_server.endpoint,
    ) as lab:
        yield lab


@pytest.fixture
def lab(watch_fleet: Lab) -> Lab:
    """A new, empty inbox that the module's fleet watches."""
    return replace(watch_fleet, root=secrets.token_hex(4))


@pytest.fixture(scope="package")
def folder_fleet(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A fleet whose store is a folder and whose inboxes are in moto's S3 or in folders.

    The tests of this folder share it: each has a root or a folder of its own.
    """
    folder, bucket = tmp_path_factory.mktemp("folders"), f"drops-{secrets.token_hex(4)}"
    moto.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    with _watch_fleet(
        folder,
        environment={"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
        bucket=bucket,
        store=(folder / "store").as_uri(),
        s3_endpoint_url=moto.endpoint,
        s3_region=REGION,
    ) as lab:
        yield lab
