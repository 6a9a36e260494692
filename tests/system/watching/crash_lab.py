"""Kills watchers and the store at random while objects are dropped, then checks the result.

``python -m tests.system.watching.crash_lab --objects 10000`` is the long run. The check uses
only the contract of the store: it reads jobs, claims and outputs.
"""

import argparse
import hashlib
import json
import os
import random
import secrets
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings, build_settings
from shared.domain.errors import NotFound
from shared.storage.factory import open_store
from shared.storage.s3_bucket import Bucket, open_bucket
from shared.storage.store import ObjectStore
from tests.support.fleets.fleet import kill, processes_of, wait_until, workers
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.watch_lab import document, start_watch
from tests.support.servers.durable_s3 import DurableS3
from tests.support.servers.processes import start_redis

#: One of so many objects has the content of an earlier one.
TWIN_EVERY = 10


@dataclass
class Report:
    """What a run did and which problems it has."""

    objects: int
    contents: int
    watcher_kills: int = 0
    store_kills: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def run(folder: Path, objects: int, seconds: float, seed: int, watchers: int = 2) -> Report:
    """Drop, kill, wait and check; problems are in the report."""
    chance = random.Random(seed)
    contents = {f"{n % 17}/{n:05}.pdf": _content(n) for n in range(objects)}
    report = Report(objects, len({hashlib.sha256(data).digest() for data in contents.values()}))
    started = time.monotonic()
    with _services(folder) as (settings, store_process):
        # A worker that can't reach the store at its start exits; wait until it has started.
        wait_until(lambda: DispatchState(settings).workers.live("fake"), 60)
        running_watchers = _Watchers(settings, folder, watchers)
        bucket = open_bucket("pagefleet-test", settings)
        dropper = threading.Thread(target=_drop_all, args=(bucket, contents))
        dropper.start()
        _kill_at_random(
            chance, time.monotonic() + seconds, dropper, running_watchers, store_process, report
        )
        dropper.join()
        _wait_for_the_end(bucket, contents, running_watchers)
        report.seconds = round(time.monotonic() - started, 1)
        report.problems += check(bucket, open_store(settings), contents)
        running_watchers.end()
    return report


def check(bucket: Bucket, store: ObjectStore, contents: dict[str, bytes]) -> list[str]:
    """Problems, unless each object has its output and each content one job without retries."""
    digests = {hashlib.sha256(data).hexdigest() for data in contents.values()}
    problems = [*_check_jobs(store, digests), *_check_outputs(bucket, contents)]
    claims = [name for name in store.list("watch/") if "/claims/" in name]
    if len(claims) != len(contents):
        problems.append(f"{len(claims)} claims for {len(contents)} objects")
    return problems


def _check_jobs(store: ObjectStore, digests: set[str]) -> Iterator[str]:
    jobs: Counter[str] = Counter()
    for job_id in store.folders("jobs/"):
        try:
            jobs[json.loads(store.get(f"jobs/{job_id}/job.json"))["sha256"]] += 1
            checked = check_job(store, job_id)
        except (AssertionError, NotFound) as wrong:
            yield f"{job_id}: {wrong}"
            continue
        if checked.status != "ok" or set(checked.attempts.values()) != {1}:
            yield f"{job_id}: {checked}"
    if set(jobs) != digests or set(jobs.values()) != {1}:
        yield f"{sum(jobs.values())} jobs for {len(digests)} contents"


def _check_outputs(bucket: Bucket, contents: dict[str, bytes]) -> Iterator[str]:
    outputs = {key.removeprefix("outbox/") for key in _keys(bucket, "outbox/")}
    expected = {f"{key}.{ext}" for key in contents for ext in ("md", "json")}
    if outputs != expected:
        odd = sorted(outputs ^ expected)
        yield f"{len(odd)} outputs missing or unexpected, such as {odd[:3]}"
    for key, data in contents.items():
        line = f"fake:{hashlib.sha256(data).hexdigest()[:12]}:1"
        if f"{key}.md" in outputs:
            text = bucket.read(f"outbox/{key}.md", 1 << 20)[0].decode()
            if line not in text:
                yield f"{key} has the output of another document"


class _Watchers:
    """Several watchers; a killed one is restarted."""

    def __init__(self, settings: Settings, folder: Path, count: int) -> None:
        self._settings = settings
        self._folder = folder
        self._running = [self._start(number) for number in range(count)]

    def kill_one(self, chance: random.Random) -> None:
        """Kill one with SIGKILL and start another."""
        number = chance.randrange(len(self._running))
        self._running[number].kill()
        self._running[number].wait()
        self._running[number] = self._start(number)

    def check(self) -> None:
        """Restart watchers that exited."""
        for number, process in enumerate(self._running):
            if process.poll() is not None:
                # It could not reach the store when it started; a cluster restarts it, too.
                self._running[number] = self._start(number)

    def end(self) -> None:
        """Stop all with SIGTERM."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(30)

    def _start(self, number: int) -> Any:
        return start_watch(
            self._settings,
            "s3://pagefleet-test/inbox/",
            "--period", "1", "--settle", "0.2", "--max-open", "100",
            log=self._folder / f"watch-{number}.log",
        )  # fmt: skip


@contextmanager
def _services(folder: Path) -> Iterator[tuple[Settings, DurableS3]]:
    for name in ("redis", "s3"):
        (folder / name).mkdir()
    redis, s3 = start_redis(folder / "redis"), DurableS3(folder / "s3")
    server = s3.start()
    before = dict(os.environ)
    os.environ.update(server.environment)
    settings = build_settings(
        {
            "home": folder / "home",
            "store": f"s3://{server.bucket}/store-{secrets.token_hex(3)}",
            "s3_endpoint_url": server.endpoint,
            "redis_url": redis.url,
            "engine": "fake",
            "fake_render": False,
            "num_workers": 1,
            "lease_s": 12,
            "sweep_interval_s": 2,
        }
    )
    try:
        with workers(settings, folder / "workers.log"):
            yield settings, s3
    finally:
        kill(processes_of(settings))
        s3.kill()
        redis.stop()
        os.environ.clear()
        os.environ.update(before)


def _content(number: int) -> bytes:
    twin = number - 1 if number % TWIN_EVERY == 1 else number
    return document(f"object {twin}")


def _drop_all(bucket: Bucket, contents: dict[str, bytes]) -> None:
    for key, data in contents.items():
        while True:
            try:
                bucket.write(f"inbox/{key}", data, "application/pdf")
                break
            except Exception:  # the store was just killed: retry
                time.sleep(0.5)


def _kill_at_random(
    chance: random.Random,
    until: float,
    dropper: threading.Thread,
    running_watchers: _Watchers,
    s3: DurableS3,
    report: Report,
) -> None:
    while time.monotonic() < until or dropper.is_alive() or not report.store_kills:
        time.sleep(chance.uniform(1.0, 4.0))
        running_watchers.check()
        # At least one kill of each kind, also on a slow machine.
        if not report.watcher_kills or (report.store_kills and chance.random() < 0.6):
            running_watchers.kill_one(chance)
            report.watcher_kills += 1
        else:
            s3.kill()
            time.sleep(chance.uniform(0.2, 2.0))
            s3.start()
            report.store_kills += 1


def _wait_for_the_end(
    bucket: Bucket, contents: dict[str, bytes], running_watchers: _Watchers
) -> None:
    """Return when all outputs exist, or when none was added for a minute."""
    last, quiet_since = -1, time.monotonic()
    while time.monotonic() - quiet_since < 60:
        running_watchers.check()
        keys = _keys(bucket, "outbox/")
        if sum(key.endswith(".md") for key in keys) == len(contents) and not any(
            key.endswith(".status.json") for key in keys
        ):
            time.sleep(3)  # a duplicate would appear within this time
            return
        if len(keys) != last:
            last, quiet_since = len(keys), time.monotonic()
        time.sleep(0.5)


def _keys(bucket: Bucket, prefix: str) -> list[str]:
    keys: list[str] = []
    while True:
        listing = bucket.page(prefix, keys[-1] if keys else "")
        keys += [each.key for each in listing.objects]
        if not listing.truncated:
            return keys


def main() -> int:
    """The long run, as a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=300, help="how long processes are killed")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 30))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pagefleet-crash-") as name:
        report = run(Path(name), options.objects, options.seconds, options.seed)
    shown = replace(report, problems=report.problems[:5])
    print(f"seed {options.seed}: {len(report.problems)} problems: {shown}")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
