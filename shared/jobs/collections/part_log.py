"""A list of rows that many processes append to: one object per part, joined when they are many.

Object stores can't append. A part is written under a new key and never changes. Joining writes the
rows of many parts as one part and then deletes them, so a crash leaves rows twice and never loses
one; the rows of all lists may be read twice. A part that can't be read stops no process: a row that
names it stands in its place, and it is never joined or deleted.
"""

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

from pydantic import ValidationError

from shared.domain.collections.records import Part
from shared.domain.errors import (
    CorruptDocument,
    NewerRelease,
    NotFound,
    StoreUnreachable,
    TooLarge,
)
from shared.domain.records.base import to_json
from shared.domain.serialization.newer_records import is_newer
from shared.storage.store import ObjectStore

log = logging.getLogger("pagefleet.collections")
_Part = TypeVar("_Part", bound=Part)
#: Rows of a part that is not joined any more.
FULL = 5_000
#: Small parts from which on they are joined.
MANY = 32
MAX_PART_BYTES = 64 << 20
#: Parts that are read at the same time.
READERS = 16
#: How often parts are listed because others were joined meanwhile.
TRIES = 10
#: What a part has beside its rows.
_FRAME_BYTES = 1_000
_ADVICE = "remove it and submit the documents again"
_KEY = re.compile(r".*/[0-9]{13}-[0-9a-f]{12}-([0-9]{1,7})\.json", re.ASCII)


class PartsJoined(Exception):
    """A part was joined with others while the parts were read one after the other."""


class PartLog(Generic[_Part]):
    """The parts below ``prefix``; thread-safe; raises StoreUnreachable."""

    def __init__(
        self, store: ObjectStore, prefix: str, kind: type[_Part], full: int = FULL
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._kind = kind
        self._full = full
        self._named = threading.Lock()
        self._last_ms = 0

    def append(self, part: _Part) -> None:
        """Add a part with at least one row, after all that this object added; durable on return."""
        self._write(part, self._next_ms())

    def _next_ms(self) -> int:
        """Now in ms; later than the last answer, so that names keep the order of one writer."""
        with self._named:
            self._last_ms = max(int(time.time() * 1000), self._last_ms + 1)
            return self._last_ms

    def parts(self) -> list[_Part]:
        """All parts in the order in which they were added."""
        for _ in range(TRIES):
            try:
                return list(self.stream())
            except PartsJoined:
                continue
        raise StoreUnreachable(f"{self._prefix} changes all the time; try again later")

    def stream(self) -> Iterator[_Part]:
        """The parts, with few in memory; raises PartsJoined where the reader has to start again."""
        keys = iter(self._keys())
        with ThreadPoolExecutor(READERS, thread_name_prefix="parts") as pool:
            while batch := list(islice(keys, READERS)):
                yield from pool.map(self._read_or_stand_in, batch)

    def join(self, join: Callable[[Sequence[_Part]], _Part]) -> None:
        """Write many small parts as few; readers and writers may go on meanwhile."""
        keys = self._keys()
        if sum(_rows(key) < self._full for key in keys) >= MANY:
            for group in self._groups(keys):
                self._join(group, join)

    def _groups(self, keys: Sequence[str]) -> Iterator[list[str]]:
        """Runs of small parts with about ``full`` rows; their rows keep their order."""
        group: list[str] = []
        rows = 0
        for key in keys:
            if _rows(key) >= self._full:
                yield group
                group, rows = [], 0
                continue
            group.append(key)
            rows += _rows(key)
            if rows >= self._full:
                yield group
                group, rows = [], 0
        yield group

    def _join(self, keys: Sequence[str], join: Callable[[Sequence[_Part]], _Part]) -> None:
        parts: dict[str, _Part] = {}
        for key in keys:
            try:
                parts[key] = self._read(key)
            except CorruptDocument:
                continue  # it stays, so that readers name it
            except PartsJoined:
                return  # what is left of the group may be older than what was joined of it
        if len(parts) > 1 and self._write_joined(join(list(parts.values())), list(parts)):
            self._store.delete(parts)

    def _write_joined(self, part: _Part, keys: Sequence[str]) -> bool:
        """Write a part in the place of ``keys``; False where another process wrote its name.

        Named by the time of the first, so that the order of all rows stays the same, and then by
        the time of the last: of two processes that join, the one that knew less comes first.
        """
        first, last = (int(key.removeprefix(self._prefix)[:13]) for key in (keys[0], keys[-1]))
        name = f"{first:013d}-f{last // 1000:09x}{secrets.token_hex(1)}-{len(part)}.json"
        return self._store.put_new(self._prefix + name, to_json(part))

    def _write(self, part: _Part, ms: int) -> None:
        name = f"{ms:013d}-{secrets.token_hex(6)}-{len(part)}.json"
        self._store.put(self._prefix + name, to_json(part))

    def _keys(self) -> list[str]:
        return sorted(key for key in self._store.list(self._prefix) if _KEY.fullmatch(key))

    def _read_or_stand_in(self, key: str) -> _Part:
        try:
            return self._read(key)
        except CorruptDocument as error:
            log.warning("%s", error.message)
            return self._kind.damaged(key, error.message)

    def _read(self, key: str) -> _Part:
        """The part under ``key``; raises PartsJoined and CorruptDocument."""
        rows = _rows(key)
        try:
            # The name limits what a process has in memory that joins many small parts.
            limit = min(MAX_PART_BYTES, rows * self._kind.most_row_bytes + _FRAME_BYTES)
            data = self._store.get(key, limit)
            part = self._kind.model_validate_json(data)
        except NotFound:
            raise PartsJoined(self._prefix) from None
        except TooLarge as error:
            raise CorruptDocument(f"{error.message}; {_ADVICE}") from None
        except ValidationError as error:
            if is_newer(data, error):
                raise NewerRelease(f"{key} was written by a newer release; upgrade this") from None
            raise CorruptDocument(f"{key} in the store is not valid; {_ADVICE}") from None
        if len(part) != rows:
            raise CorruptDocument(f"{key} in the store has {len(part)} rows; {_ADVICE}")
        return part


def _rows(key: str) -> int:
    match = _KEY.fullmatch(key)
    return int(match[1]) if match else 0
