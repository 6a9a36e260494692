"""Objects that the service refuses to read: when each is tried again, and when no more.

A refusal may be an error of the operator that is mended soon, so it is not final at once. But an
object that is always refused must not be tried without limit.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

#: Seconds until the next try: at first, and at most.
FIRST_PAUSE_S = 5.0
LAST_PAUSE_S = 300.0
#: Objects that are remembered; of more, the oldest are tried at the next scan.
MAX_OBJECTS = 100_000


@dataclass(frozen=True)
class _Pause:
    mark: str
    until: float
    seconds: float


class RefusedReads:
    """Thread-safe; objects are named by the digest of their key."""

    def __init__(self, give_up_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``give_up_s`` after its first refusal an object is given up; ``clock`` times pauses."""
        self._give_up_s = give_up_s
        self._clock = clock
        self._pauses: dict[str, _Pause] = {}
        self._lock = threading.Lock()

    def is_waiting(self, key_digest: str, mark: str | None = None) -> bool:
        """Whether the next try is not due; with ``mark``: that of the object so marked."""
        pause = self._pauses.get(key_digest)
        if pause is None or mark not in (None, pause.mark):
            return False
        return self._clock() < pause.until

    def first_refusal(self, earlier: float | None) -> float:
        """When the object was first refused, in seconds since the epoch: ``earlier`` or now."""
        now = time.time()
        return now if earlier is None or earlier > now else earlier

    def is_given_up(self, first_refusal: float) -> bool:
        """Whether an object that was first refused then is not tried again."""
        return time.time() - first_refusal >= self._give_up_s

    def postpone(self, key_digest: str, mark: str) -> None:
        """Have the object so marked tried again later; each pause is longer."""
        with self._lock:
            last = self._pauses.pop(key_digest, None)
            same = last is not None and last.mark == mark
            longer = last.seconds * 2 if last and same else FIRST_PAUSE_S
            seconds = min(LAST_PAUSE_S, longer, self._give_up_s)
            while len(self._pauses) >= MAX_OBJECTS:
                del self._pauses[next(iter(self._pauses))]
            self._pauses[key_digest] = _Pause(mark, self._clock() + seconds, seconds)

    def forget(self, key_digest: str) -> None:
        """The object was read, or was given up."""
        with self._lock:
            self._pauses.pop(key_digest, None)
