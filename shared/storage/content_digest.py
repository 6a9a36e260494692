"""Compares files with the SHA-256 that the manifest of their job holds."""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from shared.domain.errors import NotADocument

CHUNK = 1 << 20
#: Digests that one process remembers.
MAX_REMEMBERED = 10_000
#: Seconds within which two changes of a file may get the same time, on file systems that keep whole
#: seconds and on those that keep the time of the kernel's last tick (at most 10 ms ago).
COARSE_STEP_S, FINE_STEP_S = 2.0, 0.05
_Version = tuple[int, int, int, int, int]


@contextmanager
def opened(file: Path | BinaryIO) -> Iterator[BinaryIO]:
    """``file``, opened and closed again where it is a path; raises OSError."""
    if isinstance(file, Path):
        with file.open("rb") as source:
            yield source
    else:
        yield file


class VerifiedReader:
    """Reads a file once, up to its present size.

    The read that reaches the end raises NotADocument unless all bytes have the digest, so that a
    writer never gets the last bytes of another content.
    """

    def __init__(self, file: BinaryIO, sha256: str) -> None:
        self._file = file
        self._left = os.fstat(file.fileno()).st_size
        self._expected = sha256
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next ``size`` bytes, or all; raises NotADocument."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        self._digest.update(data)
        self._left -= len(data)
        if len(data) < wanted or self._left == 0:
            self._check()
        return data

    def _check(self) -> None:
        if self._digest.hexdigest() != self._expected:
            raise NotADocument("the file changed while it was stored; submit it again")


class VerifiedFiles:
    """Remembers which versions of local files have which digest; thread-safe."""

    def __init__(self) -> None:
        self._digests: dict[_Version, str] = {}
        self._lock = threading.Lock()

    def knows(self, path: Path, sha256: str, bytes_: int) -> bool:
        """Whether the file is a version of this size that was read before and has this digest."""
        try:
            status = path.lstat()
        except OSError:
            return False
        known = self._digests.get(_version_of(status))
        return status.st_size == bytes_ and known == sha256

    def matches(self, path: Path, sha256: str) -> bool:
        """Whether the file has this digest; a version is read only once. Raises OSError."""
        with open(path, "rb", opener=_opener) as file:
            known = self._digests.get(_version(file))
            return (known or self._read(file)) == sha256

    def _read(self, file: BufferedReader) -> str:
        # One after the other: several threads of a process often need the same file.
        with self._lock:
            before = _version(file)
            known = self._digests.get(before)
            if known is not None:
                return known
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if before == _version(file) and _is_settled(file):
                self._remember(before, digest)
            return digest

    def _remember(self, version: _Version, digest: str) -> None:
        if len(self._digests) >= MAX_REMEMBERED:
            self._digests.clear()
        self._digests[version] = digest


#: The files that this process has read; one for all of its threads.
VERIFIED = VerifiedFiles()


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _version(file: BinaryIO) -> _Version:
    return _version_of(os.fstat(file.fileno()))


def _version_of(status: os.stat_result) -> _Version:
    times = status.st_mtime_ns, status.st_ctime_ns
    return status.st_dev, status.st_ino, *times, status.st_size


def _is_settled(file: BinaryIO) -> bool:
    """Whether a change from now on certainly gives the file another time."""
    changed_ns = os.fstat(file.fileno()).st_ctime_ns
    step = FINE_STEP_S if changed_ns % 1_000_000 else COARSE_STEP_S
    return time.time() - changed_ns / 1e9 > step
