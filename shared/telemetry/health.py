"""Whether this process is alive, started and ready, without asking the broker.

A process is alive while its own loops run. An outage of the broker makes it not ready, but
alive: a restart would only load the models again.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

#: A process whose port is open already has not started before it has named its conditions.
START = "its start"


@dataclass(frozen=True)
class _Loop:
    """The last beat of a loop, and the longest pause allowed between beats, in seconds."""

    beaten: float
    limit_s: float
    #: It may wait for the broker, so only the time in which the broker answers counts.
    waits_for_broker: bool


@dataclass(frozen=True)
class _Answers:
    """The broker's last answer, and since when no pause between its answers was too long."""

    last: float
    since: float
    #: The longest pause between answers of a broker that is not away.
    limit_s: float


class Health:
    """The loops that must keep running, and the conditions for being ready; thread-safe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._loops: dict[str, _Loop] = {}
        #: Name of a condition, and whether the process has not started before it holds.
        self._conditions: dict[str, bool] = {}
        self._broker: _Answers | None = None
        self._fatal: str | None = None

    def beat(self, loop: str, limit_s: float, *, waits_for_broker: bool = False) -> None:
        """``loop`` runs; the process is dead unless the loop beats again within ``limit_s``."""
        with self._lock:
            self._loops[loop] = _Loop(self._now(), limit_s, waits_for_broker)

    def stop_watching(self, loop: str) -> None:
        """``loop`` is stopped on purpose and will not beat until it starts again."""
        with self._lock:
            self._loops.pop(loop, None)

    def require(self, condition: str, *, to_start: bool = False) -> None:
        """Not ready until ``fulfil(condition)``; with ``to_start`` not started either."""
        with self._lock:
            self._conditions[condition] = to_start

    def fulfil(self, condition: str) -> None:
        """``condition`` holds now."""
        with self._lock:
            self._conditions.pop(condition, None)

    def broker_answered(self, limit_s: float) -> None:
        """The broker answered now; not ready if it does not answer again within ``limit_s``."""
        now = self._now()
        with self._lock:
            last = self._broker
            lasting = last is not None and now - last.last <= limit_s
            self._broker = _Answers(now, last.since if last and lasting else now, limit_s)

    def fail(self, reason: str) -> None:
        """The process can't recover and must be started again; the first reason counts."""
        with self._lock:
            self._fatal = self._fatal or reason

    def failures(self) -> list[str]:
        """Why the process is not alive; empty while it is."""
        now = self._now()
        with self._lock:
            paused = {name: self._paused_s(loop, now) for name, loop in self._loops.items()}
            stuck = [
                f"{name} has been stuck for {paused[name]:.0f} s"
                for name, loop in self._loops.items()
                if paused[name] > loop.limit_s
            ]
            return ([self._fatal] if self._fatal else []) + stuck

    def unstarted(self) -> list[str]:
        """Why the process has not started, failures included; says nothing of the broker."""
        with self._lock:
            missing = sorted(name for name, to_start in self._conditions.items() if to_start)
        return self.failures() + [f"waits for {name}" for name in missing]

    def obstacles(self) -> list[str]:
        """Why the process is not ready, failures included; empty when it is."""
        with self._lock:
            missing = [f"waits for {name}" for name in sorted(self._conditions)]
            silence_s = self._silence_s(self._now())
        silent = [f"the broker has not answered for {silence_s:.0f} s"] if silence_s else []
        return self.failures() + missing + silent

    def _paused_s(self, loop: _Loop, now: float) -> float:
        """Seconds that count since the last beat of ``loop``."""
        if not loop.waits_for_broker or self._broker is None:
            return now - loop.beaten
        if self._silence_s(now):
            return 0.0
        return now - max(loop.beaten, self._broker.since)

    def _silence_s(self, now: float) -> float:
        """Seconds since the broker's last answer; 0 while it is not away."""
        if self._broker is None:
            return 0.0
        passed = now - self._broker.last
        return passed if passed > self._broker.limit_s else 0.0
