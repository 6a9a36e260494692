"""A fleet of one checkout on this machine: broker, store and workers, driven by its commands."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3.session
import redis

from benchmarks.scale.requests import served_requests
from benchmarks.scale.values import StoreKind
from producer.local.embedded_broker import EmbeddedBroker
from shared.config.settings import load_settings
from shared.processes.parent_death import die_with_parent
from tests.support.servers.processes import S3Server, free_ports, start_s3

ENGINE = "fake"
POLL_S = 0.2
#: Seconds without progress after which the run is given up.
STALLED_S = 300.0


@dataclass(frozen=True)
class Services:
    """A broker and a store, and the environment of commands that use them."""

    environment: dict[str, str]
    client: "redis.Redis"
    folder: Path
    s3: S3Server | None
    process_ids: tuple[int, ...]

    def requests(self) -> float | None:
        """Requests that the S3 service has served; None for a file store."""
        return None if self.s3 is None else served_requests(self.s3.metrics_port)

    def has_open_jobs(self) -> bool:
        """Whether a job is queued, read or not merged yet."""
        names = (f"outstanding:{ENGINE}", f"jobs:{ENGINE}:normal")
        if any(self.client.zcard(f"pagefleet:{name}") for name in names):
            return True
        return self._has_marker()

    def _has_marker(self) -> bool:
        if self.s3 is None:
            folder = self.folder / "store" / "open"
            return folder.is_dir() and any(folder.iterdir())
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=self.s3.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.s3.access_key,
            aws_secret_access_key=self.s3.secret_key,
        )
        found = client.list_objects_v2(Bucket=self.s3.bucket, Prefix="scale/open/", MaxKeys=1)
        return bool(found.get("KeyCount"))


@contextmanager
def running_services(
    kind: StoreKind, folder: Path, checkout: Path, extra: dict[str, str]
) -> Iterator[Services]:
    """Start a broker and a store; ``extra`` are settings of the fleet by name."""
    with ExitStack() as stack:
        broker = stack.enter_context(EmbeddedBroker(load_settings(home=folder / "home")))
        server = start_s3(folder, metrics_port=free_ports(1)[0]) if kind == "s3" else None
        if server is not None:
            stack.callback(server.stop)
        client = stack.enter_context(redis.Redis.from_url(broker.url, decode_responses=True))
        ids = [int(client.info("server")["process_id"])]
        ids += [] if server is None else [server.process.pid]
        environment = _environment(folder, checkout, broker.url, server, extra)
        yield Services(environment, client, folder, server, tuple(ids))


def _environment(
    folder: Path, checkout: Path, url: str, server: S3Server | None, extra: dict[str, str]
) -> dict[str, str]:
    settings = {
        "home": str(folder / "home"),
        "redis_url": url,
        "store": (folder / "store").as_uri(),
        "engine": ENGINE,
        "fake_render": "false",
    }
    others = {k: v for k, v in os.environ.items() if not k.startswith("PAGEFLEET_")}
    others["PYTHONPATH"] = str(checkout)
    if server is not None:
        others |= server.environment
        settings |= {
            "store": f"s3://{server.bucket}/scale",
            "s3_endpoint_url": server.endpoint,
        }
    named = {f"PAGEFLEET_{name.upper()}": value for name, value in (settings | extra).items()}
    return {**others, **named}


@contextmanager
def running_workers(services: Services, number: int) -> Iterator[tuple[int, ...]]:
    """Start ``number`` pages processes, one of them with reducer and sweeper; yields their ids."""
    processes = [
        start(services, "workers.cli", "start", "--engine", ENGINE, *roles)
        for roles in [[], *[["--roles", "pages"]] * (number - 1)]
    ]
    try:
        yield tuple(process.pid for process in processes)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(120)


def start(services: Services, module: str, *words: str) -> "subprocess.Popen[bytes]":
    """Start a command of the checkout, whose output goes into a log."""
    parent = os.getpid()
    with (services.folder / f"{module}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", module, *words],
            env=services.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=lambda: die_with_parent(parent),
        )


def wait_idle(services: Services) -> None:
    """Wait until every submitted job has ended; raises TimeoutError where nothing moves."""
    seen, since = -1, time.monotonic()
    while services.has_open_jobs():
        left = int(services.client.zcard(f"pagefleet:jobs:{ENGINE}:normal"))
        if left != seen:
            seen, since = left, time.monotonic()
        if time.monotonic() - since > STALLED_S:
            raise TimeoutError(f"{left} jobs stalled; see {services.folder}")
        time.sleep(POLL_S)
