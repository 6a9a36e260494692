"""One small running fleet for the tests of metrics, top, the dashboard and Flower."""

import json
import random
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from shared.config.settings import Settings, build_settings
from tests.support.fleets.fleet import in_process, pdf, wait_until, workers
from tests.support.servers.processes import PORTS, start_redis

FAILED_PAGE = 3
SMALL, LARGE = 12, 4000
PRICE_PER_HOUR = 3.6
Labels = frozenset[tuple[str, str]]
#: The labels of a sample that has none of its own.
FLEET: Labels = frozenset({("fleet", "pagefleet")})
#: A label of the ended job, by which its cost is counted.
TENANT = "acme"

#: Metrics that are zero before the open job is under way, with the labels of their samples.
_OF_OPEN_JOB: dict[str, Labels] = {
    "pagefleet_jobs": frozenset({("state", "open")}),
    "pagefleet_label_pages_total": frozenset({("label", "tenant"), ("value", "")}),
    "pagefleet_queue_age_seconds": frozenset({("pool", "fake"), ("priority", "normal")}),
}


@dataclass(frozen=True)
class Watched:
    """A running fleet with one ended job and one open job."""

    settings: Settings
    pages_port: int
    control_port: int
    ended_job: str
    open_job: str
    log: Path
    heartbeats: Path

    def get(self, port: int, path: str) -> tuple[int, str]:
        """Status and body of a GET on the loopback interface."""
        return get(port, path)

    def samples(self) -> dict[tuple[str, Labels], float]:
        """Every sample that both worker processes export now."""
        return {**samples(self.pages_port), **samples(self.control_port)}


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body of a GET on the loopback interface; (0, "") where the port is closed."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def samples(port: int) -> dict[tuple[str, Labels], float]:
    """The samples that one process exports, by name and labels."""
    _, text = get(port, "/metrics")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def free_ports(count: int) -> int:
    """The first of ``count`` consecutive free ports, none of them of outgoing connections."""
    while True:
        first = random.randrange(PORTS[0], PORTS[1] - count)
        with ExitStack() as held, suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


@contextmanager
def watched_fleet(folder: Path) -> Iterator[Watched]:
    """Runs the fleet; one job has ended and another is open when the block starts."""
    (folder / "redis").mkdir()
    redis = start_redis(folder / "redis")
    port = free_ports(2)
    settings = build_settings(
        {
            "home": folder / "home",
            "redis_url": redis.url,
            "engine": "fake",
            "fake_latency_ms": 1000,
            "fake_fail_pages": str(FAILED_PAGE),
            "max_concurrency": 4,
            "num_workers": 1,
            "price_per_hour": PRICE_PER_HOUR,
            "cost_labels": "tenant",
            "metrics_port": port,
            "heartbeat_dir": folder / "heartbeats",
            "log_format": "json",
            "sweep_interval_s": 1,
            "drain_s": 1,
        }
    )
    log = folder / "workers.log"
    try:
        with workers(settings, log):
            small = pdf(folder / "small.pdf", SMALL)
            words = ("submit", str(small), "--label", f"tenant={TENANT}", "--wait", "--json")
            (ended,) = in_process(settings, *words).lines
            large = pdf(folder / "large.pdf", LARGE)
            (opened,) = in_process(settings, "submit", str(large), "--json").lines
            wait_until(lambda: samples(port + 1).get(_last_sweep(), 0) > 0)
            watched = Watched(
                settings,
                port,
                port + 1,
                ended["job_id"],
                opened["job_id"],
                log,
                folder / "heartbeats",
            )
            wait_until(lambda: _shows_open_job(watched))
            yield watched
    finally:
        redis.stop()


def events(log: Path) -> list[dict[str, object]]:
    """The JSON lines of a log; fails where a line is not JSON."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def _shows_open_job(watched: Watched) -> bool:
    """Whether pages of the open job have ended, and the metrics show others that wait."""
    found = [(name, labels) for (name, labels), value in watched.samples().items() if value > 0]
    return all(
        any(name == wanted and required <= labels for name, labels in found)
        for wanted, required in _OF_OPEN_JOB.items()
    )


def _last_sweep() -> tuple[str, Labels]:
    return "pagefleet_sweeper_last_run_timestamp_seconds", FLEET
