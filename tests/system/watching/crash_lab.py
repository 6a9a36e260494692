"""Watchers and the store are killed at random while objects are dropped; then all is checked.

``python -m tests.system.watching.crash_lab --objects 10000`` is the long run. The check knows
only the contract of the store: it reads jobs, claims and outputs, never a watcher.
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

#: Every so many objects one has the content of an earlier one.
TWIN_EVERY = 10


@dataclass
class Report:
    """What a run did and found."""

    objects: int
    contents: int
    watcher_kills: int = 0
    store_kills: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


def run(folder: Path, objects: int, seconds: float, seed: int, watchers: int = 2) -> Report:
    """Drop, kill, wait and check; raises nothing for what the check finds."""
    chance = random.Random(seed)
    contents = {f"{n % 17}/{n:05}.pdf": _content(n) for n in range(objects)}
    report = Report(objects, len({hashlib.sha256(data).digest() for data in contents.values()}))
    begun = time.monotonic()
    with _services(folder) as (settings, store_process):
        # A worker that finds no store at its start leaves; a cluster would start it again.
        wait_until(lambda: DispatchState(settings).workers.live("fake"), 60)
        crowd = _Crowd(settings, folder, watchers)
        bucket = open_bucket("pagefleet-test", settings)
        dropper = threading.Thread(target=_drop_all, args=(bucket, contents))
        dropper.start()
        _trouble(chance, time.monotonic() + seconds, dropper, crowd, store_process, report)
        dropper.join()
        _wait_for_the_end(bucket, contents, crowd)
        report.seconds = round(time.monotonic() - begun, 1)
        report.problems += check(bucket, open_store(settings), contents)
        crowd.end()
    return report


def check(bucket: Bucket, store: ObjectStore, contents: dict[str, bytes]) -> list[str]:
    """Each object has its own output, each content one job whose pages were read once."""
    wanted = {hashlib.sha256(data).hexdigest() for data in contents.values()}
    problems = [*_check_jobs(store, wanted), *_check_outputs(bucket, contents)]
    claims = [name for name in store.list("watch/") if "/claims/" in name]
    if len(claims) != len(contents):
        problems.append(f"{len(claims)} claims for {len(contents)} objects")
    return problems


def _check_jobs(store: ObjectStore, wanted: set[str]) -> Iterator[str]:
    made: Counter[str] = Counter()
    for job_id in store.folders("jobs/"):
        try:
            made[json.loads(store.get(f"jobs/{job_id}/job.json"))["sha256"]] += 1
            checked = check_job(store, job_id)
        except (AssertionError, NotFound) as wrong:
            yield f"{job_id}: {wrong}"
            continue
        if checked.status != "ok" or set(checked.attempts.values()) != {1}:
            yield f"{job_id}: {checked}"
    if set(made) != wanted or set(made.values()) != {1}:
        yield f"{sum(made.values())} jobs for {len(wanted)} contents"


def _check_outputs(bucket: Bucket, contents: dict[str, bytes]) -> Iterator[str]:
    outputs = {key.removeprefix("outbox/") for key in _keys(bucket, "outbox/")}
    expected = {f"{key}.{ext}" for key in contents for ext in ("md", "json")}
    if outputs != expected:
        odd = sorted(outputs ^ expected)
        yield f"{len(odd)} outputs missing or too many, such as {odd[:3]}"
    for key, data in contents.items():
        line = f"fake:{hashlib.sha256(data).hexdigest()[:12]}:1"
        if f"{key}.md" in outputs:
            text = bucket.read(f"outbox/{key}.md", 1 << 20)[0].decode()
            if line not in text:
                yield f"{key} has the output of another document"


class _Crowd:
    """Watchers side by side; a killed one is started again."""

    def __init__(self, settings: Settings, folder: Path, count: int) -> None:
        self._settings = settings
        self._folder = folder
        self._running = [self._start(number) for number in range(count)]

    def kill_one(self, chance: random.Random) -> None:
        """SIGKILL to one of them, helpers included, and a new one in its place."""
        number = chance.randrange(len(self._running))
        self._running[number].kill()
        self._running[number].wait()
        self._running[number] = self._start(number)

    def check(self) -> None:
        """None may have ended by itself."""
        for number, process in enumerate(self._running):
            if process.poll() is not None:
                # The store was away when it started: what a cluster does, too.
                self._running[number] = self._start(number)

    def end(self) -> None:
        """Stop them in order."""
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
            except Exception:  # the store was just killed: what a person does, too
                time.sleep(0.5)


def _trouble(
    chance: random.Random,
    until: float,
    dropper: threading.Thread,
    crowd: _Crowd,
    s3: DurableS3,
    report: Report,
) -> None:
    while time.monotonic() < until or dropper.is_alive() or not report.store_kills:
        time.sleep(chance.uniform(1.0, 4.0))
        crowd.check()
        # However slow the machine is: each kind at least once.
        if not report.watcher_kills or (report.store_kills and chance.random() < 0.6):
            crowd.kill_one(chance)
            report.watcher_kills += 1
        else:
            s3.kill()
            time.sleep(chance.uniform(0.2, 2.0))
            s3.start()
            report.store_kills += 1


def _wait_for_the_end(bucket: Bucket, contents: dict[str, bytes], crowd: _Crowd) -> None:
    """Until nothing more comes for a while, or all is there."""
    last, quiet_since = -1, time.monotonic()
    while time.monotonic() - quiet_since < 60:
        crowd.check()
        found = _keys(bucket, "outbox/")
        if sum(key.endswith(".md") for key in found) == len(contents) and not any(
            key.endswith(".status.json") for key in found
        ):
            time.sleep(3)  # let a duplicate show itself, if there is one
            return
        if len(found) != last:
            last, quiet_since = len(found), time.monotonic()
        time.sleep(0.5)


def _keys(bucket: Bucket, prefix: str) -> list[str]:
    found: list[str] = []
    while True:
        listing = bucket.page(prefix, found[-1] if found else "")
        found += [each.key for each in listing.objects]
        if not listing.truncated:
            return found


def main() -> int:
    """The long run, as a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=300, help="how long things are killed")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 30))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pagefleet-crash-") as name:
        report = run(Path(name), given.objects, given.seconds, given.seed)
    shown = replace(report, problems=report.problems[:5])
    print(f"seed {given.seed}: {len(report.problems)} problems: {shown}")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
