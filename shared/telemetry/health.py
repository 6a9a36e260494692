"""Whether this process is alive and whether it is ready, without asking the broker.

A process is alive while its own loops run. An outage of the broker makes it not ready, but
alive: a restart would only load the models again.
"""

import threading
import time
from collections.abc import Callable


class Health:
    """The loops that must keep running, and the conditions for being ready; thread-safe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        #: Name of a loop: its last beat, and the longest pause allowed between beats, in seconds.
        self._loops: dict[str, tuple[float, float]] = {}
        self._conditions: set[str] = set()
        self._fatal: str | None = None

    def beat(self, loop: str, limit_s: float) -> None:
        """``loop`` runs; the process is dead unless the loop beats again within ``limit_s``."""
        with self._lock:
            self._loops[loop] = (self._now(), limit_s)

    def stop_watching(self, loop: str) -> None:
        """``loop`` is stopped on purpose and will not beat until it starts again."""
        with self._lock:
            self._loops.pop(loop, None)

    def require(self, condition: str) -> None:
        """Not ready until ``fulfil(condition)``."""
        with self._lock:
            self._conditions.add(condition)

    def fulfil(self, condition: str) -> None:
        """``condition`` holds now."""
        with self._lock:
            self._conditions.discard(condition)

    def fail(self, reason: str) -> None:
        """The process can't recover and must be started again; the first reason counts."""
        with self._lock:
            self._fatal = self._fatal or reason

    def failures(self) -> list[str]:
        """Why the process is not alive; empty while it is."""
        now = self._now()
        with self._lock:
            stuck = [
                f"{name} has been stuck for {now - beaten:.0f} s"
                for name, (beaten, limit_s) in self._loops.items()
                if now - beaten > limit_s
            ]
            return ([self._fatal] if self._fatal else []) + stuck

    def obstacles(self) -> list[str]:
        """Why the process is not ready, failures included; empty when it is."""
        with self._lock:
            missing = [f"waits for {name}" for name in sorted(self._conditions)]
        return self.failures() + missing
