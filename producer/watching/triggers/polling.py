"""The trigger that works everywhere: looks at the place again and again.

It also repairs what events missed, and adopts the work that stopped watchers left open.
"""

import threading
import time

from producer.watching.digest_map import key_digest
from producer.watching.folder_options import is_options_file
from producer.watching.ingest import Ingester
from producer.watching.places.place import Dropped, Page
from producer.watching.watch_context import WatchContext
from producer.watching.work_queue import WorkQueue
from shared.domain.errors import PagefleetError, TransientError

#: The longest rest after something was unwell.
REST_S = 5.0


class Poller:
    """One thread of a watcher."""

    def __init__(
        self,
        context: WatchContext,
        ingester: Ingester,
        work_queue: WorkQueue,
        period_s: float,
        stop: threading.Event,
    ) -> None:
        self._context = context
        self._ingester = ingester
        self._work_queue = work_queue
        self._period_s = period_s
        self._stop = stop
        self._marks: dict[str, str] = {}
        self._seen: set[str] = set()

    def run(self, *, once: bool = False) -> None:
        """One period after the other; ``once``: until nothing new is found and all is done."""
        while not self._stop.is_set():
            begun = time.monotonic()
            news = self.scan()
            if once and news == 0 and self._is_idle():
                return
            rest = min(0.5, self._period_s) if once else self._period_s
            if news is None:
                rest = min(self._period_s, REST_S)
            self._stop.wait(max(0.0, begun + rest - time.monotonic()))

    def _is_idle(self) -> bool:
        return self._work_queue.is_idle() and len(self._context.open_claims) == 0

    def scan(self) -> int | None:
        """One period: how many objects were new, or None where something was unwell."""
        try:
            self._adopt_open_claims()
            news = sum(self._enqueue_new(page) for page in self._context.inbox.scan())
            self._forget_removed_options()
            return news
        except TransientError as error:
            self._context.event_log.warning(error)
        except PagefleetError as error:  # no reason to stop watching
            self._context.event_log.warning(error)
        return None

    def _adopt_open_claims(self) -> None:
        for digest in self._context.state.open_keys():
            if self._stop.is_set() or self._context.open_claims.is_full():
                return
            if not self._context.open_claims.has(digest):
                self._ingester.adopt(digest)

    def _enqueue_new(self, page: Page) -> int:
        options = [found for found in page.drops if is_options_file(found.key)]
        for found in options:
            self._note_options(found)
        fresh = [found for found in page.drops if found not in options and self._is_new(found)]
        for found in fresh:
            self._work_queue.add_scanned(found)
        if fresh:
            self._context.inbox.mark_active(page)
        return len(fresh)

    def _is_new(self, found: Dropped) -> bool:
        context = self._context
        return not (
            context.claim_cache.has(found)
            or context.open_claims.has(key_digest(found.key), found.mark)
            or context.options.blocked(found.key)
        )

    def _note_options(self, found: Dropped) -> None:
        self._seen.add(found.key)
        if self._marks.get(found.key) != found.mark:
            self._ingester.read_options(found.key)
            self._marks[found.key] = found.mark

    def _forget_removed_options(self) -> None:
        """After a whole pass: a file that was not in it may be gone."""
        if not self._context.inbox.pass_ended():
            return
        for name in self._context.options.names() - self._seen:
            self._ingester.read_options(name)
            self._marks.pop(name, None)
        self._seen.clear()
