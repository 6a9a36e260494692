"""Runs an action in a thread when a signal arrives.

A handler runs between any two steps of the main thread, which may hold the lock that the handler
needs. So the handler only writes a byte to a pipe: it takes no lock and logs nothing.

The first signal asks a process to stop in order. A process group, a terminal and a service manager
may each send it once more, so signals of one burst count as one. A user who does not want to wait
sends it again later.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

#: Seconds after the first signal in which further ones belong to the same request.
BURST_S = 1.0


class StopRequests:
    """Tells the first request to stop from repetitions and from a later, second request."""

    def __init__(self) -> None:
        self._first: float | None = None

    def is_second(self) -> bool:
        """Count a signal that arrives now; True more than ``BURST_S`` after the first one."""
        now = time.monotonic()
        if self._first is None:
            self._first = now
        return now - self._first > BURST_S


@contextmanager
def acting_on_signals(
    numbers: Iterable[signal.Signals], action: Callable[[], None]
) -> Iterator[None]:
    """Run ``action`` in a thread once for each of these signals while the block runs.

    The process ends after the block, so it ignores them from then on.
    """
    numbers = tuple(numbers)
    act_on_signals(numbers, action)
    try:
        yield
    finally:
        ignore_signals(numbers)


def ignore_signals(numbers: Iterable[signal.Signals]) -> None:
    """Ignore these signals from now on, because the process ends.

    At its end the interpreter replaces handlers of its own by the default, which kills the process.
    """
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def act_on_signals(numbers: Iterable[signal.Signals], action: Callable[[], None]) -> None:
    """Run ``action`` once for each of these signals, one after the other, in a thread."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)

    def write_byte(_number: int, _frame: FrameType | None) -> None:
        try:
            os.write(write_end, b"!")
        except BlockingIOError:
            return  # thousands are waiting already

    thread = threading.Thread(target=_act, args=(read_end, action), name="signals", daemon=True)
    thread.start()
    for number in numbers:
        signal.signal(number, write_byte)


def _act(read_end: int, action: Callable[[], None]) -> None:
    while os.read(read_end, 1):
        action()
