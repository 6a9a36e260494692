"""Two brokers with workers of the fake engine, and one store."""

import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings, build_settings
from shared.domain import object_keys
from shared.domain.errors import ExitCode
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.support.fleets.fleet import CommandResult, Fleet, pdf, wait_until, workers
from tests.support.servers.processes import RedisServer, start_redis, start_redis_again


@dataclass
class Shards:
    """Two shards; calling it runs ``pagefleet`` over both."""

    fleet: Fleet
    redis: list[RedisServer]
    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def __call__(self, *words: str) -> CommandResult:
        """Run a command."""
        return self.fleet(*words)

    @property
    def jobs(self) -> JobStore:
        """The jobs of both shards."""
        return JobStore(open_store(self.fleet.settings))

    def documents(self, number: int, pages: int) -> list[str]:
        """New documents."""
        paths = [self.folder / f"d{next(self.numbers)}.pdf" for _ in range(number)]
        return [str(pdf(path, pages)) for path in paths]

    def submit(self, number: int, pages: int) -> list[list[str]]:
        """Submit new documents; returns the jobs of each shard."""
        result = self("submit", *self.documents(number, pages), "--json")
        assert result.status == ExitCode.OK, result.err
        return self.by_shard([line["job_id"] for line in result.lines])

    def by_shard(self, job_ids: Sequence[str]) -> list[list[str]]:
        """The jobs of shard 0 and those of shard 1, by the store."""
        found = {job: int(self.jobs.store.get(object_keys.shard(job))) for job in job_ids}
        parts = [[job for job in job_ids if found[job] == number] for number in (0, 1)]
        assert all(parts), "every test needs jobs on both shards"
        return parts

    def done(self, job_ids: Sequence[str]) -> int:
        """How many of these jobs have ended."""
        return sum(self.jobs.done(job_id) is not None for job_id in job_ids)

    def wait(self, job_ids: Sequence[str], seconds: float = 60) -> None:
        """Until these jobs have ended."""
        wait_until(lambda: self.done(job_ids) == len(job_ids), seconds)

    def check(self, job_ids: Sequence[str]) -> None:
        """Each page is ok, and is the page of its own document."""
        for job_id in job_ids:
            manifest, done = self.jobs.manifest(job_id), self.jobs.done(job_id)
            assert manifest is not None
            assert done is not None
            assert done.status == "ok"
            states = self.jobs.page_states(job_id)
            pages = list(range(1, manifest.page_count + 1))
            texts = [result.markdown for result in self.jobs.results(job_id, pages, states)]
            assert texts == [f"fake:{manifest.sha256[:12]}:{page}" for page in pages]

    def readings(self, shard: int, job_ids: Sequence[str]) -> set[int]:
        """How often workers of a shard read the pages of these jobs: all counts that occur."""
        lines = (self.folder / f"journal{shard}").read_text().splitlines()
        counts = Counter(tuple(line.split()[:2]) for line in lines)
        found = set[int]()
        for job_id in job_ids:
            manifest = self.jobs.manifest(job_id)
            assert manifest is not None
            pages = range(1, manifest.page_count + 1)
            found |= {counts[manifest.sha256[:12], str(page)] for page in pages}
        return found

    @contextmanager
    def stopped(self, shard: int) -> Iterator[None]:
        """The broker accepts connections and answers nothing, as on a host that hangs."""
        os.kill(self.redis[shard].process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.redis[shard].process.pid, signal.SIGCONT)

    @contextmanager
    def killed(self, shard: int) -> Iterator[None]:
        """The broker is gone, and comes back empty."""
        self.redis[shard].stop()
        try:
            yield
        finally:
            self.redis[shard] = start_redis_again(self.redis[shard])


@contextmanager
def two_fleets(folder: Path) -> Iterator[Shards]:
    """Runs them while the block runs."""
    redis = list[RedisServer]()
    for number in (0, 1):
        (folder / f"redis{number}").mkdir()
        redis.append(start_redis(folder / f"redis{number}"))
    settings = build_settings(_values(folder, redis))
    made = Shards(Fleet(settings), redis, folder)
    parts = [_with_journal(each, folder) for each in settings.of_shards()]
    try:
        with workers(parts[0], folder / "0.log"), workers(parts[1], folder / "1.log"):
            for each in parts:
                state = DispatchState(each)
                wait_until(lambda state=state: state.workers.live("fake"))  # type: ignore[misc]
            yield made
    finally:
        for server in made.redis:
            server.stop()


def _values(folder: Path, redis: Sequence[RedisServer]) -> dict[str, object]:
    return {
        "home": folder / "home",
        "store": (folder / "store").as_uri(),
        "redis_url": ",".join(each.url for each in redis),
        "engine": "fake",
        "fake_render": False,
        "fake_latency_ms": 100,
        "max_concurrency": 4,
        "num_workers": 1,
        "sweep_interval_s": 0.5,
        "broker_timeout_s": 2,
    }


def _with_journal(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"fake_journal": folder / f"journal{settings.shard}"})
