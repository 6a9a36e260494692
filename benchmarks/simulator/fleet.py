"""A whole fleet: shards, machines and producers, run until every page has ended."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

import numpy as np
import simpy

from benchmarks.simulator.autoscaling import Autoscaler
from benchmarks.simulator.broker import Broker
from benchmarks.simulator.corpus import Document, Job, Pages
from benchmarks.simulator.faults import HOUR_S, Machine
from benchmarks.simulator.gpu_workers import Tally
from benchmarks.simulator.parameters import QUEUED_PAGE_BYTES, Model
from benchmarks.simulator.reducers import Reducers
from benchmarks.simulator.servers import Store

Steps = Generator[simpy.Event, Any, None]
#: Documents without an open job, at which the producers of the model pause to save memory.
MOST_BACKLOG = 50_000
#: The rate of a run is measured between these shares of its pages.
STEADY = (0.2, 0.8)
#: Points that a rate in the middle of a run needs.
LEAST_POINTS = 10


@dataclass(frozen=True)
class Result:
    """What a run took. Shares are of the time until the last document."""

    pages: int
    failed: int
    documents: int
    seconds: float
    #: Pages per second in the middle of the run, without its start and end.
    steady_per_s: float
    readings: int
    read_twice: int
    failed_readings: int
    ends: int
    machine_hours: float
    gpu_busy: float
    #: The busiest shard's Redis: all its work, and renewals and heartbeats alone.
    broker_busy: float
    broker_background: float
    broker_bytes: int
    gets_busy: float
    puts_busy: float
    reducers_busy: float
    money: float
    #: Seconds from submission to document.
    median_s: float
    slowest_s: float
    #: Pages outstanding on average, and seconds of a page from dispatch to its mark.
    mean_outstanding: float
    page_s: float


class Fleet:
    """One run. ``on_page`` gets the pages that end and whether they are ok, in order."""

    def __init__(
        self,
        model: Model,
        on_page: Callable[[Pages, bool], None] = lambda _pages, _ok: None,
        on_document: Callable[[Job, float], None] = lambda _job, _end: None,
    ) -> None:
        self._model = model
        self._env = simpy.Environment()
        self._random = Random(model.seed)
        self._store = Store(self._env, model.store)
        self._tally = Tally()
        self._on_page, self._on_document = on_page, on_document
        self._shards = [self._shard() for _ in range(model.shards)]
        self._machines: list[Machine] = []
        self._progress: list[tuple[float, int]] = []
        self._latencies: list[float] = []
        self._submitted_pages, self._submitted, self._done_pages = 0, 0, 0
        self._all_submitted = False
        self._ended = self._env.event()

    def _shard(self) -> tuple[Broker, Reducers]:
        reducers = Reducers(self._model.control, self._model.store, self._store)
        reducers.on_end = self._document_ended
        broker = Broker(self._env, self._model, reducers)
        broker.on_progress = self._pages_ended
        return broker, reducers

    def run(self, documents: Iterable[Document], least_s: float = 0.0) -> Result:
        """Submit the documents and read all pages; machines are paid for ``least_s`` at least."""
        self._start_machines()
        self._env.process(self._submit(iter(documents)))
        for broker, _ in self._shards:
            self._env.process(self._sweep(broker))
        self._env.run(self._ended)
        last = max(least_s, *(reducers.last_end_s for _, reducers in self._shards))
        if last > self._env.now:
            self._env.run(last)
        return self._result()

    def _start_machines(self) -> None:
        model = self._model
        if model.autoscaling is not None:
            for broker, _ in self._shards:
                scaler = Autoscaler(self._env, model, broker, partial(self._launch, broker))
                self._env.process(scaler.run())
            return
        for number in range(model.gpus):
            broker, _ = self._shards[number % model.shards]
            machine = self._machine(broker)
            self._env.process(machine.run(warm=model.warm))

    def _machine(self, broker: Broker) -> Machine:
        random = Random(self._random.getrandbits(64))
        machine = Machine(self._env, self._model, broker, self._store, self._tally, random)
        self._machines.append(machine)
        return machine

    def _launch(self, broker: Broker) -> Machine:
        machine = self._machine(broker)
        self._env.process(machine.run(warm=False, provision=True))
        return machine

    # Producers

    def _submit(self, documents: Iterable[Document]) -> Steps:
        """Submit a group of documents at a time: about as many pages as an event carries."""
        source = iter(documents)
        while group := self._group(source):
            control = self._model.control
            pages = sum(document.pages for document in group)
            work = len(group) * control.document_s + pages * control.intake_page_s
            wait_s = max(0.0, group[-1].arrives_s - self._env.now)
            yield self._env.timeout(wait_s + work / control.producers)
            self._submitted += len(group)
            self._submitted_pages += pages
            self._open(group)
            while sum(broker.waiting for broker, _ in self._shards) > MOST_BACKLOG:
                yield self._env.timeout(self._model.dispatching.sweep_s)
        self._all_submitted = True
        self._check_end()

    def _group(self, source: Iterable[Document]) -> list[Document]:
        group, pages = list[Document](), 0
        for document in source:
            group.append(document)
            pages += document.pages
            if pages >= self._model.batch or document.arrives_s:
                break
        return group

    def _open(self, group: list[Document]) -> None:
        first = self._submitted - len(group)
        for number, document in enumerate(group, first):
            self._shards[number % len(self._shards)][0].submit(document)

    def _sweep(self, broker: Broker) -> Steps:
        while True:
            yield self._env.timeout(self._model.dispatching.sweep_s)
            broker.sweep()

    # Progress

    def _pages_ended(self, pages: Pages, ok: bool) -> None:
        self._done_pages += pages.count
        if not self._progress or self._env.now > self._progress[-1][0]:
            self._progress.append((self._env.now, self._done_pages))
        else:
            self._progress[-1] = (self._env.now, self._done_pages)
        self._on_page(pages, ok)

    def _document_ended(self, job: Job, end: float) -> None:
        self._latencies.append(end - max(job.submitted_s, job.document.arrives_s))
        self._on_document(job, end)
        self._check_end()

    def _check_end(self) -> None:
        is_done = self._done_pages == self._submitted_pages
        is_done = is_done and len(self._latencies) == self._submitted
        if self._all_submitted and is_done and not self._ended.triggered:
            self._ended.succeed()

    def _steady(self) -> float:
        """Pages per second in the middle of the run: the slope of a line through its points."""
        low, high = (share * self._done_pages for share in STEADY)
        middle = [point for point in self._progress if low <= point[1] <= high]
        if len(middle) < LEAST_POINTS or middle[-1][0] == middle[0][0]:
            return self._done_pages / self._env.now if self._env.now else 0.0
        times, pages = np.array(middle).T
        return float(np.polyfit(times, pages, 1)[0])

    def _result(self) -> Result:
        model, now = self._model, self._env.now or 1e-12
        for machine in self._machines:
            machine.settle()
        tally, brokers = self._tally, [broker for broker, _ in self._shards]
        means = [broker.mean_outstanding for broker in brokers]
        busiest = max(brokers, key=lambda b: b.server.busy_s + b.server.background_s)
        background = busiest.server.background_s
        latencies = sorted(self._latencies)
        gets, puts = self._store.busy_s
        hours = tally.machine_s / HOUR_S
        requests = (
            self._store.gets * model.store.get_price + self._store.puts * model.store.put_price
        )
        return Result(
            pages=self._done_pages,
            failed=sum(broker.failed_pages for broker in brokers),
            documents=len(latencies),
            seconds=now,
            steady_per_s=self._steady(),
            readings=tally.readings,
            read_twice=tally.read_twice,
            failed_readings=tally.failed_readings,
            ends=tally.ends,
            machine_hours=hours,
            gpu_busy=tally.engine_s / tally.machine_s if tally.machine_s else 0.0,
            broker_busy=(busiest.server.busy_s + background) / now,
            broker_background=background / now,
            broker_bytes=max(b.most_outstanding for b in brokers) * QUEUED_PAGE_BYTES,
            gets_busy=gets / now,
            puts_busy=puts / now,
            reducers_busy=max(r.busy_s for _, r in self._shards) / now / model.control.reducers,
            money=hours * model.engine.price_per_hour + requests,
            median_s=latencies[len(latencies) // 2],
            slowest_s=latencies[-1],
            mean_outstanding=sum(means),
            page_s=sum(broker.sojourn_s for broker in brokers) / self._done_pages,
        )


def simulate(model: Model, documents: Iterable[Document]) -> Result:
    """The result of one run of ``model``."""
    return Fleet(model).run(documents)
