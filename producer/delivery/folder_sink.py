"""Writes output files into a local folder; each file appears whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from shared.domain.errors import PagefleetError, StoreUnreachable

CHUNK = 1 << 20


class OutputError(StoreUnreachable):
    """The output folder can't be written; has the exit code of an unreachable store."""


class FolderSink:
    """A sink that writes below ``folder``; raises OutputError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, key: str, data: bytes | BinaryIO) -> None:
        """See Sink in producer/delivery/export.py."""
        path = self._folder / key
        with output_errors(self._folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)


def write_atomically(path: Path, data: bytes | BinaryIO) -> None:
    """Write through a temporary file in the same folder."""
    with atomic_file(path) as file:
        if isinstance(data, bytes):
            file.write(data)
        else:
            shutil.copyfileobj(data, file, CHUNK)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A temporary file that replaces ``path`` when the block ends without an error."""
    fd, name = tempfile.mkstemp(prefix=".pagefleet-", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def output_errors(folder: Path) -> Iterator[None]:
    """Raise OSErrors of the block, which writes below ``folder``, as OutputError."""
    try:
        yield
    except PagefleetError:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(f"can't write to {folder}: {reason}; choose another -o") from None
