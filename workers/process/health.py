"""Whether this process is alive and whether it is ready; never asks the broker.

A process is alive while its own loops turn. A broker outage makes it not ready, never dead:
a fleet that restarts because Redis is away loads its models again for nothing.
"""

import threading
import time
from collections.abc import Callable


class Health:
    """Pulses that must not stop, and conditions for being ready; thread-safe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._pulses: dict[str, tuple[float, float]] = {}
        self._waiting_for: set[str] = set()
        self._dead: str | None = None

    def beat(self, name: str, limit_s: float) -> None:
        """The loop called ``name`` turned; it is dead unless it turns again in ``limit_s``."""
        with self._lock:
            self._pulses[name] = (self._now(), limit_s)

    def rest(self, name: str) -> None:
        """The loop called ``name`` stands still for a good reason."""
        with self._lock:
            self._pulses.pop(name, None)

    def wait_for(self, name: str) -> None:
        """Not ready until ``reached(name)``."""
        with self._lock:
            self._waiting_for.add(name)

    def reached(self, name: str) -> None:
        """One condition less."""
        with self._lock:
            self._waiting_for.discard(name)

    def die(self, reason: str) -> None:
        """Nothing will mend this process."""
        with self._lock:
            self._dead = self._dead or reason

    def ailments(self) -> list[str]:
        """Why the process is not alive; empty while it is."""
        now = self._now()
        with self._lock:
            stopped = [
                f"{name} has not turned for {now - beaten:.0f} s"
                for name, (beaten, limit_s) in self._pulses.items()
                if now - beaten > limit_s
            ]
            return ([self._dead] if self._dead else []) + stopped

    def waiting_for(self) -> list[str]:
        """Why the process is not ready; empty when it is."""
        with self._lock:
            waits = [f"waits for {name}" for name in sorted(self._waiting_for)]
        return self.ailments() + waits
