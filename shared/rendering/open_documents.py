"""Cache of open documents in a helper process: consecutive pages need not open the file again."""

from collections import OrderedDict
from pathlib import Path
from typing import Protocol, TypeVar, cast

from shared.domain.errors import HelperUnavailable

#: Each may use some megabytes; MuPDF's cache is shared and has its own limit.
MAX_OPEN = 4


class Closable(Protocol):
    """An open document of MuPDF or Pillow."""

    def close(self) -> None:
        """Release its memory and file."""
        ...


Opened = TypeVar("Opened", bound=Closable)
#: Path, inode, modification time and size: changes when the file is replaced.
_Identity = tuple[Path, int, int, int]
_open: OrderedDict[_Identity, Closable] = OrderedDict()


class Opener(Protocol[Opened]):  # type: ignore[misc]  # Opened is bound to a protocol
    """A function that opens the file at a path."""

    def __call__(self, path: Path) -> Opened:
        """The open document."""
        ...


def open_cached(path: Path, opener: Opener[Opened]) -> Opened:
    """The document at ``path``, from the cache if it is open already; not thread-safe.

    Raises HelperUnavailable where the file does not exist, and what ``opener`` raises.
    """
    identity = _identity(path)
    document = _open.pop(identity, None)
    if document is None:
        while len(_open) >= MAX_OPEN:
            _open.popitem(last=False)[1].close()
        document = opener(path)
    _open[identity] = document
    return cast(Opened, document)


def close_document(path: Path) -> None:
    """Close the document at ``path``; call it after an error, because its state is unknown."""
    for identity in [identity for identity in _open if identity[0] == path]:
        _open.pop(identity).close()


def _identity(path: Path) -> _Identity:
    try:
        status = path.stat()
    except OSError as error:
        # The source cache has evicted it, which is not an error of the document.
        raise HelperUnavailable(f"the source file is gone: {error.strerror}") from None
    return path, status.st_ino, status.st_mtime_ns, status.st_size
