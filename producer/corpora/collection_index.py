"""The documents of a collection and their ends, in a temporary database on disk.

Memory stays small for any number of documents, and SQL joins them. The database is a copy of the
parts in the store and lives as long as one command.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from shared.domain.collections.records import End, Member
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.collections.part_log import TRIES, PartsJoined

#: KiB of the database that stay in memory.
_CACHE_KIB = 16_384
_ROWS = 1_000
_MEMBER = ", ".join(Member._fields)
_END = ", ".join(f"ends.{name}" for name in End._fields)
_TABLES = """
DROP TABLE IF EXISTS members;
DROP TABLE IF EXISTS ends;
CREATE TABLE members (place INTEGER PRIMARY KEY, key TEXT UNIQUE, input, name, stamp,
                      job_id, pages INTEGER, code, message);
CREATE TABLE ends (job_id TEXT PRIMARY KEY, at REAL, status, ok INTEGER, blank INTEGER,
                   failed INTEGER, worker_s REAL) WITHOUT ROWID;
"""
#: A document keeps its place when it is submitted again.
_PUT_MEMBER = """
INSERT INTO members (key, input, name, stamp, job_id, pages, code, message)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET input = excluded.input, name = excluded.name,
  stamp = excluded.stamp, job_id = excluded.job_id, pages = excluded.pages,
  code = excluded.code, message = excluded.message
"""
#: Of several ends of a job the latest counts; worker seconds that it lacks come from the others.
_PUT_END = """
INSERT INTO ends VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (job_id) DO UPDATE SET
  worker_s = CASE WHEN excluded.at >= at THEN coalesce(excluded.worker_s, worker_s)
                  ELSE coalesce(worker_s, excluded.worker_s) END,
  status = CASE WHEN excluded.at >= at THEN excluded.status ELSE status END,
  ok = CASE WHEN excluded.at >= at THEN excluded.ok ELSE ok END,
  blank = CASE WHEN excluded.at >= at THEN excluded.blank ELSE blank END,
  failed = CASE WHEN excluded.at >= at THEN excluded.failed ELSE failed END,
  at = max(at, excluded.at)
"""
_FIND = f"SELECT {_MEMBER} FROM members WHERE key = ?"  # noqa: S608  # names of the record
_JOINED = "FROM members LEFT JOIN ends ON members.job_id = ends.job_id"
_ENTRIES = (
    f"SELECT place, {', '.join(f'members.{name}' for name in Member._fields)}, {_END} {_JOINED} "
    "WHERE place > ? ORDER BY place LIMIT ?"
)
_WAITING = (
    f"SELECT DISTINCT members.job_id, {_END} {_JOINED} WHERE members.job_id IS NOT NULL "
    "AND coalesce(ends.status, 'open') = 'open'"
)


@dataclass(frozen=True)
class Entry:
    """One document; ``place`` counts from 1 in the order of submission."""

    place: int
    member: Member
    #: How its job ended; None while it has not, or where no part has its end.
    end: End | None


class CollectionIndex:
    """Thread-safe; a context manager that removes the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # An empty name is a temporary file, which SQLite removes when it is closed.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.executescript(f"PRAGMA cache_size = -{_CACHE_KIB}; {_TABLES}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def load(self, collection: CollectionStore, *, ends: bool = True) -> None:
        """Read the documents, and their ``ends``; raises StoreUnreachable."""
        for left in reversed(range(TRIES)):
            try:
                with self._transaction():
                    for part in collection.members.stream():
                        self._database.executemany(_PUT_MEMBER, part.rows())
                    for ended in collection.ends.stream() if ends else ():
                        self._database.executemany(_PUT_END, ended.rows())
                return
            except PartsJoined:
                if not left:
                    raise

    def find(self, key: str) -> Member | None:
        """The document with this key."""
        row = self._all(_FIND, key)
        return Member._make(row[0]) if row else None

    def add(self, members: Iterable[Member]) -> None:
        """Add or replace documents."""
        with self._lock:
            self._database.executemany(_PUT_MEMBER, members)

    def add_ends(self, ends: Iterable[End]) -> None:
        """Add ends of jobs."""
        with self._lock:
            self._database.executemany(_PUT_END, ends)

    def entries(self, after: int = 0) -> Iterator[Entry]:
        """Each document in order, from the one after the place ``after``."""
        while rows := self._all(_ENTRIES, after, _ROWS):
            for row in rows:
                end = row[1 + len(Member._fields) :]
                member = Member._make(row[1 : 1 + len(Member._fields)])
                yield Entry(row[0], member, None if end[0] is None else End._make(end))
            after = rows[-1][0]

    def waiting(self) -> dict[str, End | None]:
        """Jobs without a known end, each with the event that it was opened again."""
        rows = self._all(_WAITING)
        return {row[0]: None if row[1] is None else End._make(row[1:]) for row in rows}

    def last_place(self) -> int:
        """The place of the last document; 0 without any."""
        return int(self._all("SELECT coalesce(max(place), 0) FROM members")[0][0])

    def __len__(self) -> int:
        """Number of documents."""
        return int(self._all("SELECT count(*) FROM members")[0][0])

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Undoes what the block has written where it raises."""
        with self._lock:
            self._database.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
