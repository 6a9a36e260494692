"""Looks through a prefix with a bounded number of LIST requests a period.

S3 has no feed of changes. A prefix that fits into the bound is listed whole each period. A
larger one is gone through in turns, a part each period; parts that had news lately and the
end of the prefix (where names with dates arrive) are looked at each period besides.
"""

from collections import deque
from collections.abc import Iterator

from shared.storage.s3_bucket import Bucket, Listing

#: A quarter of the requests of a period may go to places where something new was lately.
ACTIVE_SHARE = 4


class PrefixScan:
    """One watcher's place in a prefix; ``requests`` counts LISTs since the start."""

    def __init__(self, bucket: Bucket, prefix: str, lists_per_period: int) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._most = lists_per_period
        self._cursor = ""
        self._end = ""
        self._caught_up = False
        self._active: deque[str] = deque(maxlen=max(1, lists_per_period // ACTIVE_SHARE))
        self.requests = 0

    def pages(self) -> Iterator[tuple[str, Listing]]:
        """(start, answer) of each request; the first pass of a process has no bound."""
        left = self._most
        if self._cursor and self._caught_up:
            for start in [*self._active, self._end]:
                yield start, self._page(start)
                left -= 1
        while left > 0 or not self._caught_up:
            start = self._cursor
            listing = self._page(start)
            left -= 1
            yield start, listing
            if not self._advance(listing):
                return

    def at_start(self) -> bool:
        """Whether the last request was the end of a pass."""
        return self._cursor == ""

    def mark_active(self, start: str) -> None:
        """Something new was found behind ``start``."""
        if start in self._active:
            self._active.remove(start)
        self._active.append(start)

    def _advance(self, listing: Listing) -> bool:
        """Move on; False at the end of a pass."""
        if listing.objects:
            self._cursor = listing.objects[-1].key
        if listing.truncated and listing.objects:
            return True
        self._end, self._cursor = self._cursor, ""
        self._caught_up = True
        return False

    def _page(self, start: str) -> Listing:
        self.requests += 1
        return self._bucket.page(self._prefix, start)
