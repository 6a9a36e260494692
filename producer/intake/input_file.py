"""Opens an input's file once; counting, hashing and storing all read this one descriptor.

The path of an input may lead to another file a moment later, so no path is opened twice.
"""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from producer.intake.guarded_path import open_guarded
from shared.domain.errors import NotADocument, UnsupportedDocument


@dataclass(frozen=True)
class InputFile:
    """An open file."""

    stream: BinaryIO
    #: Leads other processes to the open file itself, whatever becomes of its name.
    path: Path


@contextmanager
def input_file(path: Path, copies: Path, below: Path | None = None) -> Iterator[InputFile]:
    """Yields the regular file at ``path``.

    ``below`` is the folder that the command line named, where ``path`` was found in it. Systems
    without ``/proc`` get a private copy in ``copies``. Raises NotADocument, UnsupportedDocument.
    """
    with _opened(path, below) as stream:
        if sys.platform == "linux":
            yield InputFile(stream, Path(f"/proc/{os.getpid()}/fd/{stream.fileno()}"))
        else:
            with private_copy(stream, copies) as copied:
                yield copied


@contextmanager
def private_copy(stream: BinaryIO, folder: Path) -> Iterator[InputFile]:
    """Yields a copy in ``folder``, which no other user may write to."""
    path = folder / "copy"
    with path.open("xb") as file:
        shutil.copyfileobj(stream, file)
    with path.open("rb") as copied:
        yield InputFile(copied, path)


def _opened(path: Path, below: Path | None) -> BinaryIO:
    try:
        fd = open_guarded(path, below)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not valid"
        raise NotADocument(f"can't read {path}: {reason}") from None
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return os.fdopen(fd, "rb")
    file_type = "a folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "a device, pipe or socket"
    os.close(fd)
    raise UnsupportedDocument(f"{path} is {file_type}, not a file")
