"""The life of one machine: cold start, pre-emption, loss, crash, and its replacement."""

from collections.abc import Generator
from random import Random
from typing import Any

import simpy

from benchmarks.simulator.broker import Broker
from benchmarks.simulator.gpu_workers import Engine, Tally
from benchmarks.simulator.parameters import Model
from benchmarks.simulator.servers import Store

Steps = Generator[simpy.Event, Any, None]
HOUR_S = 3600.0


class Machine:
    """One place for a GPU machine; a machine that ends is replaced until ``stop``."""

    def __init__(
        self, env: simpy.Environment, model: Model, broker: Broker, store: Store,
        tally: Tally, random: Random,
    ) -> None:  # fmt: skip
        self._env, self._model, self._broker, self._store = env, model, broker, store
        self._tally, self._random = tally, random
        is_slow = random.random() < model.faults.stragglers
        self._slowdown = model.faults.slowdown if is_slow else 1.0
        self._stopped = env.event()
        #: Since when the machine is paid for; None while there is none.
        self._born: float | None = None

    def stop(self) -> None:
        """Let the machine end after its pages, without a replacement."""
        self._stopped.succeed()

    def run(self, *, warm: bool, provision: bool = False) -> Steps:
        """All lives of the machine."""
        while not self._stopped.triggered:
            if provision:
                yield self._env.timeout(self._model.engine.provision_s)
            self._born = self._env.now
            is_replaced = yield from self._live(warm)
            self.settle()
            if not is_replaced:
                return
            warm, provision = False, True

    def settle(self) -> None:
        """Add the time since the machine's start to the bill."""
        if self._born is not None:
            self._tally.machine_s += self._env.now - self._born
            self._born = None

    def _live(self, warm: bool) -> Generator[Any, Any, bool]:
        """One machine; returns whether another one replaces it."""
        while True:
            if not warm:
                yield self._env.timeout(self._model.engine.cold_start_s)
            warm = False
            engine = Engine(
                self._env, self._model, self._broker, self._store, self._tally, self._random,
                self._slowdown,
            )  # fmt: skip
            engine.start()
            end = yield from self._end_of(engine)
            if end != "crash":
                return end != "stop"

    def _end_of(self, engine: Engine) -> Generator[Any, Any, str]:
        """Wait for the end of an engine and return its pages; returns the kind of the end."""
        faults = self._model.faults
        if not faults.ends:
            yield self._stopped
        else:
            life = self._env.timeout(self._random.expovariate(faults.ends / HOUR_S))
            yield life | self._stopped
        if self._stopped.triggered:
            yield from self._drain(engine, faults.drain_s)
            return "stop"
        self._tally.ends += 1
        rates = (faults.preemptions, faults.losses, faults.crashes)
        kind = self._random.choices(("preemption", "loss", "crash"), rates)[0]
        if kind == "preemption":
            yield from self._drain(engine, min(faults.notice_s, faults.drain_s))
        elif kind == "loss":
            self._env.process(self._expire(engine))
        else:
            self._broker.again(engine.kill())
        return kind

    def _drain(self, engine: Engine, seconds: float) -> Steps:
        """Finish the pages in time, and release the others."""
        yield engine.drain() | self._env.timeout(seconds)
        self._broker.again(engine.kill())

    def _expire(self, engine: Engine) -> Steps:
        """The leases of a lost machine expire, and the next sweep returns its pages."""
        pages, dispatching = engine.kill(), self._model.dispatching
        wait_s = dispatching.lease_s + self._random.uniform(0, dispatching.sweep_s)
        yield self._env.timeout(wait_s)
        self._broker.again(pages)
