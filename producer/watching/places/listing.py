"""Lists a prefix with a bounded number of LIST requests per period.

S3 has no feed of changes. A prefix within the bound is listed completely in each period. Of a
larger one, each period lists the next part, and also the parts that had new objects lately and
the end of the prefix, where names with dates appear.
"""

from collections import deque
from collections.abc import Iterator

from shared.storage.s3_bucket import Bucket, Listing

#: At most a quarter of the requests of a period go to parts that had new objects lately.
ACTIVE_SHARE = 4


class PrefixScan:
    """Position of one watcher in a prefix; ``requests`` counts its LIST requests."""

    def __init__(self, bucket: Bucket, prefix: str, lists_per_period: int) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._lists_per_period = lists_per_period
        self._cursor = ""
        self._end = ""
        self._passed_once = False
        self._active: deque[str] = deque(maxlen=max(1, lists_per_period // ACTIVE_SHARE))
        self.requests = 0

    def pages(self) -> Iterator[tuple[str, Listing]]:
        """Yields (start, listing) per request; the first pass of a process has no bound."""
        remaining = self._lists_per_period
        if self._cursor and self._passed_once:
            for start in [*self._active, self._end]:
                yield start, self._page(start)
                remaining -= 1
        while remaining > 0 or not self._passed_once:
            start = self._cursor
            listing = self._page(start)
            remaining -= 1
            yield start, listing
            if not self._advance(listing):
                return

    def at_start(self) -> bool:
        """Whether the last request ended a pass."""
        return self._cursor == ""

    def mark_active(self, start: str) -> None:
        """The listing after ``start`` contained a new object."""
        if start in self._active:
            self._active.remove(start)
        self._active.append(start)

    def _advance(self, listing: Listing) -> bool:
        """Move the cursor after the listing; False at the end of a pass."""
        if listing.objects:
            self._cursor = listing.objects[-1].key
        if listing.truncated and listing.objects:
            return True
        self._end, self._cursor = self._cursor, ""
        self._passed_once = True
        return False

    def _page(self, start: str) -> Listing:
        self.requests += 1
        return self._bucket.page(self._prefix, start)
