"""How another thread aborts a page, and how a page waits for a service meanwhile."""

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from enum import StrEnum
from typing import TypeVar

from shared.domain.retry import doubling, retry

_Result = TypeVar("_Result")
#: Seconds between attempts during an outage; the last pause repeats.
OUTAGE_PAUSES_S = doubling(0.2, 8, most_s=15.0)


class Reason(StrEnum):
    """Why a page is aborted; the values are labels of metrics and words in logs."""

    DRAIN = "drain"
    CANCELLED = "cancelled"
    #: Its job was purged.
    PURGED = "dropped"
    ENGINE_DEAD = "engine_dead"
    #: Something that this machine needs is missing, such as memory or an inference server.
    MACHINE_FAULT = "machine_fault"
    #: An unexpected error in the worker.
    INTERNAL = "internal"
    #: Another worker holds the page, or it is already done.
    TAKEN = "taken"
    #: Its job belongs to another pool.
    OTHER_POOL = "other_pool"
    #: A record of its job was written by a newer release.
    NEWER_RELEASE = "newer_release"


class Aborted(Exception):
    """The page was aborted; ``reason`` decides what happens to it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Cancellation:
    """A token that one thread uses to abort another thread's page; thread-safe."""

    def __init__(self) -> None:
        self._reason: Reason | None = None
        self._aborted = threading.Event()
        self._future: Future[object] | None = None

    def abort(self, reason: Reason) -> None:
        """End every wait of this page with Aborted; the first reason counts."""
        self._reason = self._reason or reason
        self._aborted.set()
        future = self._future
        if future is not None:
            future.cancel()

    def check(self) -> None:
        """Raise Aborted if the page was aborted."""
        if self._reason is not None:
            raise Aborted(self._reason)

    def check_wanted(self) -> None:
        """Raise Aborted if the result must not be stored from here.

        A drain or a dead engine does not count: a result that exists is worth storing.
        """
        if self._reason in (Reason.CANCELLED, Reason.TAKEN):
            raise Aborted(self._reason)

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``; raises Aborted as soon as ``abort`` is called."""
        self._aborted.wait(seconds)
        self.check()

    def wait_for(self, future: "Future[_Result]") -> _Result:
        """The future's result; ``abort`` cancels the future and raises Aborted here."""
        self._future = future  # type: ignore[assignment]  # only cancelled, never read
        try:
            self.check()
            return future.result()
        except CancelledError:
            self.check()
            raise
        finally:
            future.cancel()
            self._future = None


def retry_through_outage(
    cancellation: Cancellation,
    operation: Callable[[], _Result],
    outage_errors: tuple[type[Exception], ...],
    on_error: Callable[[Exception], None],
) -> _Result:
    """Repeat ``operation`` while a service is down, so that an outage costs a page no attempt.

    Raises Aborted if the page is aborted while it waits, and every other error at once.
    """
    return retry(
        operation,
        outage_errors,
        OUTAGE_PAUSES_S,
        forever=True,
        sleep=cancellation.sleep,
        on_error=on_error,
    )
