"""KEDA and the HPA: machines by the pages that are outstanding (templates/autoscaling.yaml)."""

import math
from collections import deque
from collections.abc import Callable, Generator
from typing import Any

import simpy

from benchmarks.simulator.broker import Broker
from benchmarks.simulator.faults import Machine
from benchmarks.simulator.parameters import Model

Steps = Generator[simpy.Event, Any, None]


class Autoscaler:
    """Sets the number of machines of one shard."""

    def __init__(
        self, env: simpy.Environment, model: Model, broker: Broker, launch: Callable[[], Machine]
    ) -> None:
        assert model.autoscaling is not None
        self._env, self._broker, self._launch = env, broker, launch
        self._rules, self._target = model.autoscaling, model.engine.in_flight
        self._machines: list[Machine] = []
        self._wanted = deque[tuple[float, int]]()
        self._active_s = 0.0
        self._removed_s = -math.inf

    def run(self) -> Steps:
        """One look each ``polling_s``, which is also the period of the HPA; without end."""
        for _ in range(self._rules.least):
            self._machines.append(self._launch())
        while True:
            self._look()
            yield self._env.timeout(self._rules.polling_s)

    def _look(self) -> None:
        now, pages, current = self._env.now, self._broker.outstanding, len(self._machines)
        if pages:
            self._active_s = now
        if not current:
            self._set(1 if pages else 0)
            return
        wanted = self._desired(pages, current)
        self._wanted.append((now, wanted))
        while self._wanted[0][0] < now - self._rules.stabilization_s:
            self._wanted.popleft()
        if wanted > current:
            self._set(min(wanted, current + max(current, self._rules.step)))
        elif now - self._removed_s >= self._rules.down_s:
            self._shrink(max(number for _, number in self._wanted), current)

    def _desired(self, pages: int, current: int) -> int:
        """Machines for so many pages, between 1 and the limit."""
        ratio = pages / (self._target * current)
        if abs(ratio - 1) <= self._rules.tolerance:
            return current
        return max(1, self._rules.least, min(self._rules.most, math.ceil(pages / self._target)))

    def _shrink(self, highest: int, current: int) -> None:
        """Remove one machine, and the last one only after the cooldown."""
        is_idle = self._env.now - self._active_s >= self._rules.cooldown_s
        if highest < current or (current == 1 and is_idle and not self._rules.least):
            self._removed_s = self._env.now
            self._set(current - 1)

    def _set(self, number: int) -> None:
        while len(self._machines) < number:
            self._machines.append(self._launch())
        while len(self._machines) > number:
            self._machines.pop().stop()
