"""Pages in this process's hands, and how to make it let go of them."""

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

from shared.domain.retry import doubling, retry

_Result = TypeVar("_Result")
#: Seconds between attempts during an outage; the last pause repeats.
OUTAGE_PAUSES_S = doubling(0.2, 8, most_s=15.0)


class Reason(StrEnum):
    """Why a page is let go before its end."""

    DRAIN = "drain"
    CANCELLED = "cancelled"
    #: Its job is no more.
    PURGED = "dropped"
    ENGINE_DEAD = "engine_dead"
    #: Another worker has the page by now, or it is done.
    TAKEN = "taken"
    #: It wants a model that this worker has not.
    FOREIGN = "foreign"


class Aborted(Exception):
    """The page is let go; ``reason`` says what to do with it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class InflightPage:
    """One page between claim and acknowledgement."""

    def __init__(self, page: str) -> None:
        self.page = page
        #: Tells two copies of one page apart.
        self.token = secrets.token_hex(4)
        #: Set once the ledger has given this process the page.
        self.claimed = False
        #: How it ended, in a word or two; what Flower shows as the task's result.
        self.outcome = "given back"
        self._reason: Reason | None = None
        self._let_go = threading.Event()
        self._future: Future[object] | None = None

    def abort(self, reason: Reason) -> None:
        """Make whatever this page waits for end with Aborted; the first reason counts."""
        self._reason = self._reason or reason
        self._let_go.set()
        future = self._future
        if future is not None:
            future.cancel()

    def check(self) -> None:
        """Raise Aborted if the page has been let go."""
        if self._reason is not None:
            raise Aborted(self._reason)

    def check_wanted(self) -> None:
        """Raise Aborted if nobody wants the page's result from here."""
        if self._reason in (Reason.CANCELLED, Reason.TAKEN):
            raise Aborted(self._reason)

    def sleep(self, seconds: float) -> None:
        """Wait, but not longer than until ``abort``."""
        self._let_go.wait(seconds)
        self.check()

    def wait_for(self, future: "Future[_Result]") -> _Result:
        """The future's result; cancels it on ``abort``."""
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


class InflightPages:
    """All pages of this process; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By identity: two copies of one page may be here at the same time.
        self._inflight_pages: set[InflightPage] = set()
        self._closed: Reason | None = None

    @contextmanager
    def begin(self, page: str) -> Iterator[InflightPage]:
        """A flight for ``page``; it is let go at once where all were closed."""
        flight = InflightPage(page)
        with self._lock:
            self._inflight_pages.add(flight)
        if self._closed is not None:
            flight.abort(self._closed)
        try:
            yield flight
        finally:
            with self._lock:
                self._inflight_pages.discard(flight)

    def claimed(self) -> list[str]:
        """Pages that this process holds a lease on."""
        with self._lock:
            return [flight.page for flight in self._inflight_pages if flight.claimed]

    def abort(self, pages: Iterable[str], reason: Reason) -> None:
        """Let go of some pages that this process holds."""
        chosen = set(pages)
        with self._lock:
            inflight_pages = [
                each for each in self._inflight_pages if each.claimed and each.page in chosen
            ]
        for flight in inflight_pages:
            flight.abort(reason)

    def close(self, reason: Reason) -> None:
        """Let go of all pages, also of those that come later."""
        with self._lock:
            self._closed = self._closed or reason
            inflight_pages = list(self._inflight_pages)
        for flight in inflight_pages:
            flight.abort(reason)

    def __len__(self) -> int:
        with self._lock:
            return len(self._inflight_pages)


def retry_through_outage(
    flight: InflightPage,
    operation: Callable[[], _Result],
    away: tuple[type[Exception], ...],
    complain: Callable[[Exception], None],
) -> _Result:
    """Repeat ``operation`` through an outage of a service; an outage costs a page nothing."""
    return retry(
        operation, away, OUTAGE_PAUSES_S, forever=True, sleep=flight.sleep, on_error=complain
    )
