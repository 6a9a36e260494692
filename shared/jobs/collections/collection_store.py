"""One collection in the store: its facts, its documents, and how their jobs ended."""

import time
from collections.abc import Iterator, Sequence
from itertools import chain

from shared.domain.collections import names
from shared.domain.collections.folding import latest_ends
from shared.domain.collections.records import Collection, EndsPart, MemberCounts, MembersPart
from shared.domain.errors import UsageError
from shared.domain.records.base import to_json
from shared.jobs.collections.part_log import PartLog
from shared.storage.store import ObjectStore

#: Seconds in which at most one of many processes joins the ends of a collection.
TURN_S = 30.0


class CollectionStore:
    """The collection ``name``; raises UsageError for a name that can't be one."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        self.name = names.check_collection_name(name)
        self._store = store
        self.members = PartLog(store, names.members_prefix(name), MembersPart)
        #: The columns of ``members`` by which documents are counted.
        self.member_counts = PartLog(store, names.members_prefix(name), MemberCounts)
        self.ends = PartLog(store, names.ends_prefix(name), EndsPart)

    def create(self) -> None:
        """Make the collection, unless it exists."""
        facts = Collection(name=self.name, created=round(time.time(), 3))
        self._store.put_new(names.facts_key(self.name), to_json(facts))

    def check(self) -> None:
        """Raise UsageError where there is no such collection."""
        # Only whether it exists: its facts, which may be damaged, are not needed.
        if not self._store.exists(names.facts_key(self.name)):
            raise UsageError(
                f"there is no collection {self.name} in {self._store.url} "
                "(pagefleet list --collections)"
            )

    def join_parts(self) -> None:
        """Join small parts of both lists."""
        self.members.join(join_members)
        self.ends.join(join_ends)

    def join_ends_in_turn(self) -> None:
        """Join small parts of the ends, unless another process has just done so."""
        prefix = names.joins_prefix(self.name)
        own = f"{prefix}{time.time() // TURN_S:.0f}"
        if self._store.put_new(own, b"{}\n"):
            self.ends.join(join_ends)
            self._store.delete([key for key in self._store.list(prefix) if key != own])


def collection_names(store: ObjectStore) -> Iterator[str]:
    """The names of all collections in order."""
    return filter(names.is_collection_name, store.folders(names.COLLECTIONS))


def join_members(parts: Sequence[MembersPart]) -> MembersPart:
    """The rows of several parts as one; of rows with the same key only the last."""
    rows = {row.key: row for row in chain.from_iterable(part.rows() for part in parts)}
    return MembersPart.of(rows.values())


def join_ends(parts: Sequence[EndsPart]) -> EndsPart:
    """The rows of several parts as one; of rows of the same job only the latest."""
    return EndsPart.of(latest_ends(parts).values())
