"""The pages that this process works on."""

import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count

from workers.inflight.cancellation import Cancellation, Reason

#: From a random number on, as a worker that was started again has the same name.
_tokens = count(secrets.randbits(32))


class InflightPage(Cancellation):
    """One page from the receipt of its message until the message is acknowledged."""

    def __init__(self, page_id: str) -> None:
        super().__init__()
        self.page_id = page_id
        #: Distinguishes two copies of one page in this process.
        self.token = f"{next(_tokens):x}"
        #: Whether this process holds the lease; the lease keeper renews it while this is True.
        self.claimed = False


class InflightPages:
    """All pages of this process; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By identity: two copies of one page may be here at the same time. The oldest comes first.
        self._pages: dict[InflightPage, None] = {}
        self._closed: Reason | None = None

    @contextmanager
    def begin(self, page_id: str) -> Iterator[InflightPage]:
        """Register a page while the block runs; after ``close`` it is aborted at once."""
        inflight = InflightPage(page_id)
        with self._lock:
            self._pages[inflight] = None
        if self._closed is not None:
            inflight.abort(self._closed)
        try:
            yield inflight
        finally:
            with self._lock:
                self._pages.pop(inflight, None)

    def claimed(self) -> list[str]:
        """Ids of the pages that this process holds a lease on, the oldest first."""
        with self._lock:
            return [each.page_id for each in self._pages if each.claimed]

    def abort(self, pages: Iterable[str], reason: Reason) -> None:
        """Abort those of ``pages`` that this process holds a lease on."""
        chosen = set(pages)
        with self._lock:
            affected = [each for each in self._pages if each.claimed and each.page_id in chosen]
        for inflight in affected:
            inflight.abort(reason)

    def close(self, reason: Reason) -> None:
        """Abort all pages, and every page that begins later."""
        with self._lock:
            self._closed = self._closed or reason
            affected = list(self._pages)
        for inflight in affected:
            inflight.abort(reason)

    def __len__(self) -> int:
        with self._lock:
            return len(self._pages)
