"""Measures `pagefleet watch`: S3 requests per period, and the time from drop to queued job.

    python -m benchmarks.watching --objects 0 1000 3000 10000

Uses a real S3 service, a real broker and the fake engine.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from producer.intake.opener import Intake
from producer.watching.claims.key_claim import KeyClaim
from producer.watching.claims.state import WatchState
from shared.config.settings import build_settings
from tests.support.fleets.fleet import workers
from tests.support.fleets.watch_lab import EventRecorder, Lab, document, requests_counted
from tests.support.servers.processes import free_ports, start_redis, start_s3

#: Periods over which requests and seconds are averaged.
PERIODS = 10
#: Files that are dropped one after another for each trigger.
DROPS = 20
#: Bearer token of the webhook.
SECRET = "only for this benchmark"


def main() -> None:
    """Measure and print one line per number of objects and per trigger."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, nargs="*", default=[0, 1000, 10_000, 20_000])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pagefleet-bench-") as name, _lab(Path(name)) as lab:
        total = 0
        for count in sorted(arguments.objects):
            _add_idle_objects(lab, range(total, count))
            total = count
            print(f"{count:6} idle objects: {_requests(lab)}", flush=True)
        period = 2.0
        _print_latency(f"polling every {period:g} s", lab, total, period_s=period)
        hook = {"trigger_options": lab.webhook(SECRET), "period_s": 3600.0}
        _print_latency("events by webhook", lab, total, **hook)


class BenchLab(Lab):
    """A lab whose S3 service sends an event for each object to a port."""

    hook_port: int = 0

    def webhook(self, secret: str) -> dict[str, str]:
        """Options of the trigger of pushed events."""
        path = self.scratch / "webhook.secret"
        path.write_text(secret)
        return {"listen": f"127.0.0.1:{self.hook_port}", "secret_file": str(path)}


@contextmanager
def _lab(folder: Path) -> Iterator[BenchLab]:
    (port,) = free_ports(1)
    (folder / "notification.toml").write_text(
        f'[notification.webhook]\nenabled = true\nendpoint = "http://127.0.0.1:{port}/"\n'
        f'bearer_token = "{SECRET}"\nmax_retries = 0\npath_prefixes = ["/buckets/pagefleet-test"]\n'
    )
    (folder / "redis").mkdir()
    redis, s3 = start_redis(folder / "redis"), start_s3(folder)
    os.environ.update(s3.environment)
    settings = build_settings(
        {
            "home": folder / "home",
            "store": f"s3://{s3.bucket}/store",
            "s3_endpoint_url": s3.endpoint,
            "redis_url": redis.url,
            "engine": "fake",
        }
    )
    try:
        with workers(settings, folder / "workers.log"), Intake(settings) as intake:
            lab = BenchLab(settings, s3.bucket, intake, folder)
            object.__setattr__(lab, "hook_port", port)
            yield lab
    finally:
        s3.stop()
        redis.stop()


def _add_idle_objects(lab: Lab, numbers: range) -> None:
    """Store objects with their claims, as a watcher leaves refused files."""
    state = WatchState(lab.store, lab.plan().route.watch_id)

    def add(number: int) -> None:
        key = f"{number % 100:02}/{number:07}.txt"
        lab.drop(key, b"done with")
        found = lab.bucket.look(f"{lab.root}/inbox/{key}")
        assert found is not None
        state.update(KeyClaim(key=key, version=found.etag, size=found.size, outcome="refused"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, numbers))


def _requests(lab: Lab) -> str:
    """Requests per period, all kinds, once the first pass is over."""
    watcher = lab.watcher(lab.plan(), EventRecorder())
    watcher.context.key_claim_cache.load(watcher.context.state)
    watcher.poller.scan()  # the first pass has no bound
    with requests_counted(lab.settings) as counted:
        started, cpu_started = time.monotonic(), time.process_time()
        for _ in range(PERIODS):
            assert watcher.poller.scan() == 0
        seconds = (time.monotonic() - started) / PERIODS
        cpu = (time.process_time() - cpu_started) / PERIODS
    return f"{seconds:.2f} s ({cpu:.2f} s CPU), " + ", ".join(
        f"{count / PERIODS:.1f} {name}" for name, count in sorted(counted.items())
    )


def _print_latency(title: str, lab: BenchLab, offset: int, **plan: object) -> None:
    times: list[float] = []
    with lab.watching(**plan) as recorder:
        lab.drop("first.pdf", document(f"first {title}"))
        recorder.wait_for("queued", "first.pdf", seconds=60)
        names = (f"{title} {offset} {number}" for number in range(DROPS))
        times.extend(_drop_to_queued_s(lab, recorder, name) for name in names)
    times.sort()
    print(
        f"{title}: drop to queued median {statistics.median(times):.2f} s, "
        f"longest of {DROPS} {times[-1]:.2f} s",
        flush=True,
    )


def _drop_to_queued_s(lab: Lab, recorder: EventRecorder, words: str) -> float:
    key = f"latency/{words}.pdf"
    data = document(words)
    dropped = time.monotonic()
    lab.drop(key, data)
    queued: float = recorder.wait_for("queued", key, seconds=60)["at"]
    return queued - dropped


if __name__ == "__main__":
    main()
