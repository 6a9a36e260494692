"""Measures the times of the broker that ``parameters.py`` names.

    python -m benchmarks.simulator measure

Redis works in one thread, so the CPU time of that thread is its service time. Fifty connections
each have one command under way, as in a busy fleet, where Redis finds many connections ready at
once. The arguments come from the fleet's own classes; the answers are read but not used.
"""

import json
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import redis
from pydantic import SecretStr

from producer.local.embedded_broker import EmbeddedBroker
from shared.broker.connection import KEY_PREFIX
from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import Dispatch, page_id
from shared.broker.scripts import Scripts, source
from shared.config.settings import Settings, load_settings
from shared.domain.lanes import Priority
from shared.domain.records.job import Counts
from shared.jobs.job_store import JobStore
from shared.jobs.reduction import reduce_job
from shared.storage.store_file import FileStore
from tests.support.documents.long_document import long_manifest, write_results

#: Pages of each measurement.
PAGES = 4000
CONNECTIONS = 50
#: Pages in flight of one vLLM engine on an H100 (helm/pagefleet/presets.yaml).
IN_FLIGHT = 576
POOL, WORKER = "fake", "worker"
LANE: Priority = "normal"
#: Answers that the fleet's classes can read, where the real one comes later.
ANSWERS: dict[str, Any] = {
    "claim": ["claimed", 0, 0, 0, 0, 0],
    "finish": [1, 0, []],
    "open_job": 1,
    "close_job": [],
}


def main() -> int:
    """Print microseconds of CPU: of the broker for each step, and of the reducer."""
    with tempfile.TemporaryDirectory(prefix="pagefleet-bench-") as name:
        home = Path(name)
        with EmbeddedBroker(load_settings(home=home)) as broker:
            address = SecretStr(broker.url)
            settings = load_settings(home=home, redis_url=address, dispatch_window=PAGES)
            found = measure(settings)
    found["reduce a document of one page"] = _reduce()
    print(json.dumps({step: round(value, 1) for step, value in found.items()}, indent=2))
    return 0


def measure(settings: Settings) -> dict[str, float]:
    """Microseconds of the broker's main thread by step."""
    one, clock = DispatchState(settings), BusyClock(settings)
    many = ManyClients(settings)
    crowd = DispatchState(settings, many)
    one.jobs.open(_job(1), POOL, LANE, time.time(), PAGES, Counts(), [], [(1, PAGES)])
    found = {"ping": clock.time(lambda: _pings(many), PAGES)}
    pages: list[Dispatch] = []
    found["dispatch a page"] = clock.time(lambda: _fill(settings, one, pages), PAGES)
    found["message of a page"] = clock.time(lambda: _messages(many, pages), PAGES)
    found["claim a page"] = clock.time(lambda: _claim(crowd, pages, many), PAGES)
    held = [page_id(page.job_id, page.page) for page in pages[:IN_FLIGHT]]
    renew = clock.time(lambda: [one.pages.renew(POOL, WORKER, held) for _ in range(10)], 10)
    found["renew a page"] = renew / IN_FLIGHT
    found["look between renewals"] = clock.time(lambda: _looks(one, held[0]), 100)
    found["finish a page"] = clock.time(lambda: _finish(crowd, pages, many), PAGES)
    for workers in (100, 1000):
        found[f"heartbeat among {workers}"] = _heartbeat(one, clock, workers)
    found["sum of heartbeats, a worker"] = _sum_of_heartbeats(one, clock, workers)
    found["open and end a job"] = clock.time(lambda: _jobs(crowd, many), 1000)
    return found


class BusyClock:
    """The CPU time of the broker's main thread."""

    def __init__(self, settings: Settings) -> None:
        self._client = redis.Redis.from_url(settings.broker_url())

    def now(self) -> float:
        """Seconds since the broker started."""
        info = self._client.info("cpu")
        return float(info["used_cpu_user_main_thread"] + info["used_cpu_sys_main_thread"])

    def time(self, step: Callable[[], object], number: int) -> float:
        """Microseconds of the broker for each of the ``number`` things that ``step`` does."""
        before = self.now()
        step()
        return (self.now() - before) * 1e6 / number


class ManyClients(Scripts):
    """Sends each command on the next of fifty connections, and reads the answers of a round."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        pool = redis.ConnectionPool.from_url(settings.broker_url())
        self._connections = [pool.get_connection() for _ in range(CONNECTIONS)]
        self._pending: list[tuple[redis.Connection, int]] = []
        self._hashes: dict[str, str] = {}

    def run(self, script: str, *arguments: Any) -> Any:
        """Send the script; the answer is one of ANSWERS."""
        if script not in self._hashes:
            self._hashes[script] = self.call("script_load", source(script))
        self.send([("EVALSHA", self._hashes[script], 1, KEY_PREFIX, *arguments)])
        return ANSWERS[script]

    def send(self, commands: list[tuple[Any, ...]]) -> None:
        """Send commands in one packet on the next connection."""
        if len(self._pending) == CONNECTIONS:
            self.settle()
        connection = self._connections[len(self._pending)]
        packed = connection.pack_commands(commands)  # type: ignore[no-untyped-call]
        connection.send_packed_command(packed)  # type: ignore[no-untyped-call]
        self._pending.append((connection, len(commands)))

    def settle(self) -> None:
        """Read all answers; raises ResponseError."""
        for connection, number in self._pending:
            for _ in range(number):
                connection.read_response()
        self._pending.clear()


def _job(number: int) -> str:
    return f"{number:032}-{number:016}"


def _pings(many: ManyClients) -> None:
    for _ in range(PAGES):
        many.send([("PING",)])
    many.settle()


def _fill(settings: Settings, state: DispatchState, pages: list[Dispatch]) -> None:
    """Dispatch all pages and publish their messages."""
    pages += state.pages.dispatch(POOL, LANE, force=True)
    Dispatcher(settings, state).publish(pages)


def _messages(many: ManyClients, pages: list[Dispatch]) -> None:
    """What kombu does with a message: take it, record that it is held, remove that record."""
    queue, message = KEY_PREFIX + pages[0].queue, "x" * 800
    for number in range(len(pages)):
        many.send([("BRPOP", queue, 1)])
        held = [("ZADD", "index", number, number), ("HSET", "unacked", number, message)]
        many.send([("MULTI",), *held, ("EXEC",)])
        done = [("ZREM", "index", number), ("HDEL", "unacked", number)]
        many.send([("MULTI",), *done, ("EXEC",)])
    many.settle()


def _claim(state: DispatchState, pages: list[Dispatch], many: ManyClients) -> None:
    for page in pages:
        state.pages.claim(POOL, page.queue, page.job_id, page.page, page.seq, WORKER, "1")
    many.settle()


def _looks(state: DispatchState, page: str) -> None:
    for _ in range(100):
        state.pages.check_held(POOL, WORKER, page, map(_job, range(1, 11)))


def _finish(state: DispatchState, pages: list[Dispatch], many: ManyClients) -> None:
    for page in pages:
        state.pages.finish(POOL, LANE, page.job_id, page.page, "ok", WORKER, 30)
    many.settle()


def _heartbeat(state: DispatchState, clock: BusyClock, workers: int) -> float:
    """Microseconds of one heartbeat among so many workers."""
    facts = {"host": "gpu-node-0001", "pid": 4242, "in_flight": IN_FLIGHT, "gpu": "NVIDIA H100"}

    def beat(number: int) -> None:
        state.workers.heartbeat("beats", f"worker-{number:06}", IN_FLIGHT, facts)

    for number in range(workers):
        beat(number)
    return clock.time(lambda: deque(map(beat, range(50)), maxlen=0), 50)


def _sum_of_heartbeats(state: DispatchState, clock: BusyClock, workers: int) -> float:
    """Microseconds for each of so many workers of a heartbeat that reads all of them."""
    client = redis.Redis.from_url(state.pages._settings.broker_url())

    def beat(forgotten: str) -> None:
        for number in range(20):
            client.delete(KEY_PREFIX + forgotten)
            state.workers.heartbeat("beats", f"worker-{number:06}", IN_FLIGHT, {})

    plain = clock.time(lambda: beat("nothing"), 20)
    return (clock.time(lambda: beat("summed:beats"), 20) - plain) / workers


def _jobs(state: DispatchState, many: ManyClients) -> None:
    for number in range(2, 1002):
        state.jobs.open(_job(number), POOL, "low", time.time(), 1, Counts(), [], [(1, 1)])
        state.jobs.end(_job(number))
    many.settle()


def _reduce() -> float:
    """Microseconds of a reducer, the median of twenty documents."""
    times = list[float]()
    for _ in range(20):
        with tempfile.TemporaryDirectory(prefix="pagefleet-bench-") as name:
            manifest = long_manifest(1)
            write_results(Path(name), manifest)
            jobs, before = JobStore(FileStore(Path(name))), time.process_time()
            reduce_job(jobs, manifest)
            times.append(time.process_time() - before)
    return median(times) * 1e6
