"""Tells collections how their jobs ended, so that their progress is known without reading jobs.

``_DONE`` of a job is the truth. These rows are a copy of it: they are gathered in this process and
written in batches, so a process that is killed loses those of the last seconds. Readers look up
the jobs without a row in the store, see ``producer.corpora.progress``.
"""

import atexit
import logging
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterable

from shared.domain.collections.names import LABEL, is_collection_name
from shared.domain.collections.records import End, EndsPart
from shared.domain.errors import PagefleetError
from shared.domain.records.job import Done
from shared.jobs.collections.collection_store import CollectionStore
from shared.storage.store import ObjectStore

log = logging.getLogger("pagefleet.collections")
#: Seconds after which gathered rows are written.
FLUSH_S = 5.0
#: Rows of one collection that are written at once.
BATCH = 1_000
#: Parts that all processes write between two joins, about.
JOIN_EVERY = 64
#: Rows that are kept while the store does not answer; later ones are left to the readers.
MOST_KEPT = 100_000


class EndLog:
    """Gathers rows of all collections; thread-safe; adding one never raises."""

    def __init__(self, store: ObjectStore, flush_s: float = FLUSH_S) -> None:
        self._store = store
        self._flush_s = flush_s
        self._lock = threading.Lock()
        self._rows: dict[str, list[End]] = defaultdict(list)
        self._timer: threading.Timer | None = None
        self._has_exit = False

    def add(self, labels: Iterable[dict[str, str]], end: End) -> None:
        """Record an event of a job for each collection that the labels of its submissions name."""
        found = {each.get(LABEL, "") for each in labels}
        chosen = list(filter(is_collection_name, found))
        if not chosen:
            return
        with self._lock:
            for name in chosen:
                if len(self._rows[name]) < MOST_KEPT:
                    self._rows[name].append(end)
            is_full = any(len(rows) >= BATCH for rows in self._rows.values())
            self._start_timer()
        if is_full:
            self.flush()

    def flush(self) -> None:
        """Write what was gathered; keeps it where the store does not answer."""
        with self._lock:
            gathered, self._rows = self._rows, defaultdict(list)
        for name, rows in gathered.items():
            try:
                self._write(name, rows)
            except PagefleetError as error:
                log.warning("ends of jobs of collection %s wait: %s", name, error.message)
                self._put_back(name, rows)

    def _write(self, name: str, rows: list[End]) -> None:
        if not rows:
            return
        collection = CollectionStore(self._store, name)
        collection.ends.append(EndsPart.of(rows))
        # By chance, so that the number of parts does not grow with the number of processes.
        if random.random() * JOIN_EVERY < 1:  # noqa: S311  # no secret
            collection.join_ends_in_turn()

    def _put_back(self, name: str, rows: list[End]) -> None:
        with self._lock:
            self._rows[name] = (rows + self._rows[name])[:MOST_KEPT]
            self._start_timer()

    def _start_timer(self) -> None:
        if self._timer is not None:
            return
        self._timer = threading.Timer(self._flush_s, self._on_time)
        self._timer.daemon = True
        self._timer.start()
        if not self._has_exit:
            self._has_exit = True
            atexit.register(self.flush)

    def _on_time(self) -> None:
        with self._lock:
            self._timer = None
        self.flush()


def end_of(job_id: str, done: Done, worker_s: float | None) -> End:
    """The row of a job that has ended."""
    counts = done.counts
    at = round(time.time(), 3)
    return End(job_id, at, done.status, counts.ok, counts.blank, counts.failed, worker_s)


def reopened(job_id: str) -> End:
    """The row of a job that was opened again."""
    return End(job_id, round(time.time(), 3), "open", 0, 0, 0, None)
