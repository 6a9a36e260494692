"""Fixtures and marks for all tests. Servers are real, start once, and only for tests that use them.

Each test is marked by its folder: ``pytest -m unit``, ``-m integration`` or ``-m system``.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import redis

from shared.config.settings import Settings, build_settings
from shared.storage.factory import open_store
from shared.storage.store import ObjectStore
from tests.support.engines.cpu_reader import CpuReader, cpu_reader
from tests.support.fleets.fleet import Fleet, fleet
from tests.support.servers.moto_server import Moto
from tests.support.servers.processes import (
    RedisServer,
    S3Server,
    ServerMissing,
    start_redis,
    start_s3,
)

# Without a GPU, Triton's interpreter runs the kernels. Triton reads this when it is imported.
if not Path("/dev/nvidiactl").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# Tests start hundreds of Pythons. Where an environment forbids bytecode, as images do, each of them
# would compile all modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

SettingsFactory = Callable[..., Settings]
_Server = TypeVar("_Server", RedisServer, S3Server, Moto)
LEVELS = ("unit", "integration", "system")
_TESTS = Path(__file__).parent
#: The order in which several processes run the tests: files that take long come first, so that
#: short ones fill the time in which the last of them end.
_ORDER = ("integration/workers/engines/", "system/", "integration/", "unit/")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test by the level of its folder, so that no file has to name it."""
    for item in items:
        level = item.path.relative_to(_TESTS).parts[0]
        if level in LEVELS:
            item.add_marker(level)
    if hasattr(config, "workerinput"):  # a process of pytest-xdist
        items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    path = item.path.relative_to(_TESTS).as_posix()
    return next((n for n, folder in enumerate(_ORDER) if path.startswith(folder)), len(_ORDER))


def _started(
    start: Callable[[Path], _Server], factory: pytest.TempPathFactory, name: str
) -> Iterator[_Server]:
    try:
        server = start(factory.mktemp(name))
    except ServerMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Valkey for the session; tests use ``redis_url``."""
    yield from _started(start_redis, tmp_path_factory, "redis")


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 service for the session; tests use ``s3_store`` or ``s3_settings``."""
    yield from _started(start_s3, tmp_path_factory, "s3")


@pytest.fixture(scope="session")
def fake_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One fleet for the session whose engine fails page 3; each test submits its own documents."""
    with fleet(tmp_path_factory.mktemp("fleet"), fake_fail_pages="3", num_workers=1) as running:
        yield running


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFactory:
    """Makes settings with a private home and one rendering process; arguments are settings."""

    def make(**values: Any) -> Settings:
        return build_settings({"home": tmp_path / "home", "num_workers": 1, **values})

    return make


@pytest.fixture
def s3_settings(
    s3_server: S3Server, settings: SettingsFactory, monkeypatch: pytest.MonkeyPatch
) -> SettingsFactory:
    """Makes settings whose store is a new prefix of the S3 service; credentials are set."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    store = f"s3://{s3_server.bucket}/{secrets.token_hex(6)}"

    def make(**values: Any) -> Settings:
        return settings(**{"store": store, "s3_endpoint_url": s3_server.endpoint, **values})

    return make


@pytest.fixture
def file_store(settings: SettingsFactory) -> ObjectStore:
    """An empty store in a folder."""
    return open_store(settings())


@pytest.fixture
def s3_store(s3_settings: SettingsFactory) -> ObjectStore:
    """An empty store in S3."""
    return open_store(s3_settings())


@pytest.fixture(params=["file", "s3"])
def store_settings(request: pytest.FixtureRequest) -> SettingsFactory:
    """Makes settings with an empty store, once of each kind."""
    factory: SettingsFactory = request.getfixturevalue(
        "settings" if request.param == "file" else "s3_settings"
    )
    return factory


@pytest.fixture
def any_store(store_settings: SettingsFactory) -> ObjectStore:
    """An empty store, once of each kind."""
    return open_store(store_settings())


@pytest.fixture(scope="session")
def cpu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CpuReader]:
    """The CPU engine with one reading process, loaded once for the session."""
    with cpu_reader(tmp_path_factory.mktemp("cpu")) as reader:
        yield reader


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """Moto's server: S3 that sends its events to SQS."""
    yield from _started(Moto, tmp_path_factory, "moto")
