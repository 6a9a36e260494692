"""Writes down which documents of a collection are submitted, so that a resumed command skips them.

Rows are written in batches: a command that is killed submits those of the last seconds again, which
finds their jobs and reads no page twice.
"""

import threading
import time

from producer.corpora.collection_index import CollectionIndex
from shared.domain.collections.records import Member, MembersPart
from shared.jobs.collections.collection_store import CollectionStore

FLUSH_S = 2.0
BATCH = 1_000
#: A longer error message or name is cut.
MOST_CHARACTERS = 2_000


class Journal:
    """The documents of one collection; thread-safe; raises StoreUnreachable."""

    def __init__(self, collection: CollectionStore, index: CollectionIndex) -> None:
        self._collection = collection
        self._index = index
        self._lock = threading.Lock()
        self._rows: list[Member] = []
        self._written = time.monotonic()

    def find(self, key: str) -> Member | None:
        """What is known of a document."""
        return self._index.find(key)

    def add(self, member: Member) -> None:
        """Record a document; a refusal does not replace a job."""
        known = self._index.find(member.key)
        if known is not None and known.job_id is not None and member.job_id is None:
            return
        self._index.add([member])
        with self._lock:
            self._rows.append(member)
            is_due = len(self._rows) >= BATCH or time.monotonic() - self._written >= FLUSH_S
        if is_due:
            self.flush()

    def flush(self) -> None:
        """Write all rows; they are durable on return."""
        with self._lock:
            rows, self._rows = self._rows, []
            self._written = time.monotonic()
        if rows:
            self._collection.members.append(MembersPart.of(rows))


def shortened(text: str) -> str:
    """``text`` as a row holds it."""
    return text[:MOST_CHARACTERS]
