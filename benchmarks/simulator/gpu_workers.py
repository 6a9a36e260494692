"""Machines with one GPU: start, read pages, end by a fault or by the autoscaler."""

from collections.abc import Generator
from dataclasses import dataclass
from random import Random
from typing import Any

import simpy

from benchmarks.simulator.broker import Broker
from benchmarks.simulator.corpus import Pages
from benchmarks.simulator.parameters import Model
from benchmarks.simulator.servers import Store

Steps = Generator[simpy.Event, Any, None]


@dataclass
class Tally:
    """Counts of all machines."""

    #: Pages whose reading was cut off by a fault, or done in vain.
    read_twice: int = 0
    failed_readings: int = 0
    readings: int = 0
    engine_s: float = 0.0
    machine_s: float = 0.0
    ends: int = 0


class Engine:
    """One life of an engine process: from ready to its end."""

    def __init__(
        self, env: simpy.Environment, model: Model, broker: Broker, store: Store,
        tally: Tally, random: Random, slowdown: float,
    ) -> None:  # fmt: skip
        self._env, self._model, self._broker, self._store = env, model, broker, store
        self._tally, self._random = tally, random
        self._page_s = model.engine.page_s * slowdown
        self._latency_s = model.engine.latency_s * slowdown
        self._free_at = 0.0
        self._is_open = True
        self._is_alive = True
        self._held: dict[int, list[Pages]] = {}
        self._reading = set[int]()
        self._finishing = 0
        self._idle: simpy.Event | None = None

    def start(self) -> None:
        """Claim pages with as many loops as units of pages fit into the engine."""
        in_flight = self._model.engine.in_flight
        unit = min(self._model.batch, in_flight)
        self._broker.join(in_flight)
        for first in range(0, in_flight, unit):
            self._env.process(self._loop(first, min(unit, in_flight - first)))

    def _loop(self, number: int, unit: int) -> Steps:
        while self._is_open:
            pages = yield from self._broker.take(unit, lambda: self._is_open)
            if not pages:
                return
            if not self._is_alive:
                self._broker.again(pages)
                return
            self._held[number] = pages
            count = sum(each.count for each in pages)
            yield self._store.get(count)
            if self._is_alive:
                self._reading.add(number)
                yield self._engine(count)
            if self._is_alive:
                yield self._store.put(count)
            if not self._is_alive:
                return
            yield from self._finish(number, count)

    def _finish(self, number: int, count: int) -> Steps:
        """Mark the pages of a loop. The command is on its way, so a fault changes nothing."""
        self._reading.discard(number)
        self._tally.readings += count
        self._finishing += 1
        yield from self._broker.finish(self._held.pop(number), self._failures)
        self._finishing -= 1
        if self._idle is not None and not self._held and not self._finishing:
            self._idle.succeed()
            self._idle = None

    def _engine(self, pages: int) -> simpy.Timeout:
        """The engine reads at its rate, and no page faster than its latency."""
        now, engine = self._env.now, self._model.engine
        ready = now + engine.render_s
        self._free_at = max(self._free_at, ready) + pages * self._page_s
        self._tally.engine_s += pages * self._page_s
        return self._env.timeout(max(self._free_at, ready + self._latency_s) - now)

    def _failures(self, readings: int) -> int:
        share = self._model.faults.page_failures
        if not share:
            return 0
        failed = _binomial(self._random, readings, share)
        self._tally.failed_readings += failed
        return failed

    def drain(self) -> simpy.Event:
        """Claim no more; the event happens when all claimed pages have ended."""
        self._close()
        idle = self._env.event()
        if self._held or self._finishing:
            self._idle = idle
        else:
            idle.succeed()
        return idle

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._broker.join(-self._model.engine.in_flight)

    def kill(self) -> list[Pages]:
        """End at once; returns the pages that it held."""
        self._close()
        self._is_alive = False
        for number in self._reading:
            self._tally.read_twice += sum(each.count for each in self._held[number])
        return [pages for held in self._held.values() for pages in held]


def _binomial(random: Random, number: int, share: float) -> int:
    return sum(random.random() < share for _ in range(number))
