"""The documents of a collection in a temporary database on disk, so that memory stays small."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator

from shared.domain.collections.records import Member, MembersPart
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.collections.part_log import TRIES, PartsJoined

_COLUMNS = ", ".join(Member._fields)
_MARKS = ", ".join("?" * len(Member._fields))
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in Member._fields[1:])
#: A document keeps its place when it is submitted again.
_PUT = (
    f"INSERT INTO members ({_COLUMNS}) VALUES ({_MARKS}) "  # noqa: S608  # names of the record
    f"ON CONFLICT (key) DO UPDATE SET {_CHANGES}"
)
#: KiB of the database that stay in memory.
_CACHE_KIB = 16_384
_ROWS = 1_000


class MemberIndex:
    """The row that counts of each document; thread-safe; a context manager that removes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # An empty name is a temporary file, which SQLite removes when it is closed.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._create()

    def __enter__(self) -> "MemberIndex":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def load(self, collection: CollectionStore) -> None:
        """Read the documents of a collection; raises StoreUnreachable, CorruptDocument."""
        for left in reversed(range(TRIES)):
            try:
                for part in collection.members.stream():
                    self._put(part)
                return
            except PartsJoined:
                if not left:
                    raise
                self._create()

    def find(self, key: str) -> Member | None:
        """The document with this key."""
        chosen = f"SELECT {_COLUMNS} FROM members WHERE key = ?"  # noqa: S608  # as above
        with self._lock:
            row = self._database.execute(chosen, (key,)).fetchone()
        return None if row is None else Member._make(row)

    def add(self, members: Iterable[Member]) -> None:
        """Add or replace documents."""
        with self._lock:
            self._database.executemany(_PUT, members)

    def members(self, after: int = 0) -> Iterator[tuple[int, Member]]:
        """Each document with its position from 1, in order, from the one after ``after``."""
        chosen = (
            f"SELECT place, {_COLUMNS} FROM members WHERE place > ? "  # noqa: S608  # as above
            f"ORDER BY place LIMIT {_ROWS}"
        )
        while True:
            with self._lock:
                rows = self._database.execute(chosen, (after,)).fetchall()
            if not rows:
                return
            yield from ((row[0], Member._make(row[1:])) for row in rows)
            after = rows[-1][0]

    def __len__(self) -> int:
        """Number of documents."""
        with self._lock:
            return int(self._database.execute("SELECT count(*) FROM members").fetchone()[0])

    def _put(self, part: MembersPart) -> None:
        with self._lock:
            self._database.execute("BEGIN")
            self._database.executemany(_PUT, part.rows())
            self._database.execute("COMMIT")

    def _create(self) -> None:
        columns = ", ".join(f"{name} BLOB" for name in Member._fields[1:])
        with self._lock:
            self._database.execute("DROP TABLE IF EXISTS members")
            self._database.execute(
                f"CREATE TABLE members (place INTEGER PRIMARY KEY, key TEXT UNIQUE, {columns})"
            )
