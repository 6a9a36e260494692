"""Decides which scanned objects need work, and keeps track of option files and open claims."""

import threading

from producer.watching.claims.digest_map import key_digest
from producer.watching.folder_options import is_options_file
from producer.watching.ingest import Ingester
from producer.watching.places.place import Dropped, Page
from producer.watching.watch_context import WatchContext
from shared.domain.errors import PagefleetError, TransientError


class WatchScanSteps:
    """The ScanSteps of polling; used by one thread."""

    def __init__(self, context: WatchContext, ingester: Ingester, stop: threading.Event) -> None:
        self._context = context
        self._ingester = ingester
        self._stop = stop
        #: Marks of the option files that were read, by key.
        self._marks: dict[str, str] = {}
        #: Option files of the current pass.
        self._in_pass: set[str] = set()

    def adopt_open_claims(self) -> None:
        """See ScanSteps; leaves those whose folder has no room."""
        open_claims = self._context.open_claims
        for digest in self._context.state.open_keys():
            if self._stop.is_set():
                return
            if not open_claims.has(digest) and not self._context.refused_reads.is_waiting(digest):
                self._adopt(digest)

    def _adopt(self, digest: str) -> None:
        try:
            self._ingester.adopt(digest)
        except TransientError:
            raise
        except PagefleetError as error:  # one claim must not stop the others
            self._context.event_log.warning(error)

    def has_open_claims(self) -> bool:
        """See ScanSteps."""
        return len(self._context.open_claims) > 0

    def new_objects(self, page: Page) -> list[Dropped]:
        """See ScanSteps; reads the option files of the page first."""
        for dropped in page.drops:
            if is_options_file(dropped.key):
                self._read_options(dropped)
        return [
            dropped
            for dropped in page.drops
            if not is_options_file(dropped.key) and self._is_new(dropped)
        ]

    def end_pass(self) -> None:
        """See ScanSteps; reads again the option files that the pass did not find."""
        for name in self._context.options.names() - self._in_pass:
            self._ingester.read_options(name)
            self._marks.pop(name, None)
        self._in_pass.clear()

    def _is_new(self, dropped: Dropped) -> bool:
        context, digest = self._context, key_digest(dropped.key)
        return not (
            context.key_claim_cache.has(dropped)
            or context.open_claims.has(digest, dropped.mark)
            or context.refused_reads.is_waiting(digest, dropped.mark)
            or context.options.is_blocked(dropped.key)
        )

    def _read_options(self, dropped: Dropped) -> None:
        self._in_pass.add(dropped.key)
        is_read = self._marks.get(dropped.key) == dropped.mark
        if not is_read and self._ingester.read_options(dropped.key):
            self._marks[dropped.key] = dropped.mark
