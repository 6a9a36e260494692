"""Keeps the last few documents of a helper process open, so that each page needn't open one."""

from collections import OrderedDict
from pathlib import Path
from typing import Protocol, TypeVar, cast

from shared.domain.errors import HelperUnavailable

#: Each may hold some megabytes; MuPDF's own store is bounded separately and shared by all.
MAX_OPEN = 4


class Closable(Protocol):
    """A document of either library."""

    def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Closable)
#: A file by its path and by what changes when another one takes its place.
_Identity = tuple[Path, int, int, int]
_open: OrderedDict[_Identity, Closable] = OrderedDict()


class Opener(Protocol[Opened]):  # type: ignore[misc]  # Opened is bound to a protocol
    """Opens the file at a path."""

    def __call__(self, path: Path) -> Opened: ...


def opened(path: Path, opener: Opener[Opened]) -> Opened:
    """The document at ``path``, perhaps still open from an earlier page.

    Raises HelperUnavailable where the file is gone, and what ``opener`` raises.
    """
    identity = _identity(path)
    document = _open.pop(identity, None)
    if document is None:
        while len(_open) >= MAX_OPEN:
            _open.popitem(last=False)[1].close()
        document = opener(path)
    _open[identity] = document
    return cast(Opened, document)


def forget(path: Path) -> None:
    """Close what is open of ``path``; after an error its state is unknown."""
    for identity in [identity for identity in _open if identity[0] == path]:
        _open.pop(identity).close()


def _identity(path: Path) -> _Identity:
    try:
        found = path.stat()
    except OSError as error:
        # The cache of sources has let it go; that is no fault of the document.
        raise HelperUnavailable(f"the fetched source is gone: {error.strerror}") from None
    return path, found.st_ino, found.st_mtime_ns, found.st_size
