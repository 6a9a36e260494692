"""Items in their order that can be read again: the first in memory, many in a temporary file.

The rules of structure read a document several times. A spool keeps the memory of a document of any
length constant. The file has no name, so a process that is killed leaves nothing behind.
"""

import marshal
import pickle
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, Generic, TypeVar

_Item = TypeVar("_Item")
#: Items that are written and read at once.
BATCH = 256
#: Items of a spool that stay in memory unless told otherwise.
MOST_KEPT = 4096


def _same(item: Any) -> Any:
    return item


class Spool(Generic[_Item]):
    """Holds items; the caller appends all of them before it reads the first.

    ``pack`` and ``unpack`` change an item that goes to the file and comes back. ``pack`` returns
    tuples, lists, texts, bytes, numbers and None only, which are written much faster than others.
    """

    def __init__(
        self,
        items: Iterable[_Item] = (),
        *,
        most_kept: int | None = None,
        pack: Callable[[_Item], Any] = _same,
        unpack: Callable[[Any], _Item] = _same,
    ) -> None:
        self._format: Any = pickle if pack is _same else marshal
        self._most_kept = MOST_KEPT if most_kept is None else most_kept
        self._pack, self._unpack = pack, unpack
        self._kept: list[_Item] = []
        self._file: IO[bytes] | None = None
        #: Bytes of each batch in the file.
        self._batches = array("Q")
        self._length = 0
        for item in items:
            self.append(item)

    def __len__(self) -> int:
        return self._length

    def append(self, item: _Item) -> None:
        """Add an item behind all others."""
        self._kept.append(item)
        self._length += 1
        if len(self._kept) >= (self._most_kept if self._file is None else BATCH):
            self._write()

    def __iter__(self) -> Iterator[_Item]:
        if self._file is not None:
            yield from self._written(self._file)
        yield from self._kept

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def _write(self) -> None:
        """Move what is in memory to the end of the file."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="pagefleet-")  # noqa: SIM115  # see __del__
        file = self._file
        file.seek(0, 2)
        for start in range(0, len(self._kept), BATCH):
            batch = [self._pack(item) for item in self._kept[start : start + BATCH]]
            self._batches.append(file.write(self._format.dumps(batch)))
        self._kept = []

    def _written(self, file: IO[bytes]) -> Iterator[_Item]:
        position = 0
        for size in self._batches:
            file.seek(position)
            batch = self._format.loads(file.read(size))  # only this process has the file
            position += size
            yield from map(self._unpack, batch)


def read_through(
    items: Iterable[_Item],
    see: Callable[[_Item], None],
    pack: Callable[[_Item], Any] = _same,
    unpack: Callable[[Any], _Item] = _same,
) -> Spool[_Item]:
    """All ``items`` as a spool, after ``see`` has seen each of them."""
    spool = Spool[_Item](pack=pack, unpack=unpack)
    for item in items:
        see(item)
        spool.append(item)
    return spool
