"""Brings one input to a local file that has been looked at inside its limits."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from producer.intake.inputs import Input
from producer.intake.inspection import PRELOAD, Inspection, Limits, inspect
from shared.config.settings import Settings
from shared.domain.errors import NotADocument, NotFound, TooLarge
from shared.processes.home_folder import home_errors, private_folder
from shared.processes.sandbox import Sandbox
from shared.storage.factory import download_uri

COPY_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Opened:
    """An accepted document on this machine."""

    inspection: Inspection
    #: The version that was read, where the very object of the input is to be stored.
    etag: str | None = None


class Intake:
    """Opens inputs, several at once; a context manager that leaves no copy behind.

    What it has to copy or decrypt lives only inside ``opened``.
    """

    def __init__(self, settings: Settings, processes: int = 1) -> None:
        self._settings = settings
        self._limits = Limits.from_settings(settings)
        self._stack = ExitStack()
        self._folder = self._stack.enter_context(private_folder(settings, "intake-")).folder
        memory_mb = settings.page_memory_mb
        self._sandbox = self._stack.enter_context(
            Sandbox("pagefleet-intake", processes, memory_mb, preload=PRELOAD)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def opened(self, item: Input, password: str | None) -> Iterator[Opened]:
        """The inspected document; raises DocumentError where it is refused."""
        with self._place() as name:
            folder = Path(name)
            path, etag = self._local(item, folder)
            decrypted = folder / "decrypted.pdf"
            found = inspect(path, password, self._limits, self._sandbox, decrypted)
            yield Opened(found, etag if found.path == path else None)

    def _place(self) -> "tempfile.TemporaryDirectory[str]":
        with home_errors(self._settings):
            return tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True)

    def _local(self, item: Input, folder: Path) -> tuple[Path, str | None]:
        if item.kind == "file":
            return _nameable(item.path, folder), None
        path, limit = folder / "input", self._limits.max_file_bytes
        if item.kind == "stdin":
            with home_errors(self._settings):
                copy_limited(sys.stdin.buffer, path, limit)
            return path, None
        try:
            return path, download_uri(item.word, path, limit, self._settings, item.etag).etag
        except NotFound as error:
            if item.etag is not None:
                raise  # that version is gone, which says nothing of a document
            raise NotADocument(error.message) from None


def _nameable(path: Path, folder: Path) -> Path:
    """``path``, or a link to it in ``folder`` where its name is no text, as MuPDF needs it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        link = folder / "input"
        link.symlink_to(path.absolute())
        return link
    return path


def copy_limited(stream: BinaryIO, path: Path, limit: int) -> None:
    """Copy a stream to a file; raises TooLarge beyond ``limit`` bytes."""
    copied = 0
    with path.open("wb") as out:
        while chunk := stream.read(COPY_BYTES):
            copied += len(chunk)
            if copied > limit:
                raise TooLarge(f"standard input is larger than {limit} bytes (max_file_bytes)")
            out.write(chunk)
