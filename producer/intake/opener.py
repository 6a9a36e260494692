"""Opens an input: brings it to a local file and inspects it inside its limits."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Self

from producer.intake.document import OpenedDocument
from producer.intake.input import Input
from producer.intake.input_file import input_file
from producer.intake.inspection import PRELOAD, Limits, inspect
from shared.config.private_files import create_private
from shared.config.settings import Settings
from shared.domain.errors import NotADocument, NotFound, TooLarge
from shared.processes.home_folder import home_errors, private_folder
from shared.processes.sandbox import Sandbox
from shared.storage.factory import download_uri

COPY_BYTES = 1024 * 1024


class Intake:
    """Opens inputs; thread-safe; a context manager that removes every temporary copy.

    Copies and decrypted files exist only while the ``opened`` block runs.
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
    def opened(self, input_: Input, password: str | None) -> Iterator[OpenedDocument]:
        """The inspected document; raises DocumentError where it is refused."""
        with self._temporary_folder() as name:
            folder = Path(name)
            path, etag = self._local_path(input_, folder)
            with input_file(path, folder, input_.folder) as file:
                decrypted = folder / "decrypted.pdf"
                document = inspect(file, password, self._limits, self._sandbox, decrypted)
                yield replace(document, etag=etag if document.path == file.path else None)

    def _temporary_folder(self) -> "tempfile.TemporaryDirectory[str]":
        with home_errors(self._settings):
            return tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True)

    def _local_path(self, input_: Input, folder: Path) -> tuple[Path, str | None]:
        """Where the input is on this machine, and its ETag where it is an S3 object."""
        if input_.kind == "file":
            return input_.path, None
        path, limit = folder / "input", self._limits.max_file_bytes
        if input_.kind == "stdin":
            with home_errors(self._settings):
                copy_limited(sys.stdin.buffer, path, limit)
            return path, None
        try:
            return path, download_uri(input_.word, path, limit, self._settings, input_.etag).etag
        except NotFound as error:
            if input_.etag is not None:
                raise  # this version was replaced or removed; the document is not at fault
            raise NotADocument(error.message) from None


def copy_limited(stream: BinaryIO, path: Path, limit: int) -> None:
    """Copy a stream to a file; raises TooLarge beyond ``limit`` bytes."""
    copied = 0
    with create_private(path) as out:
        while chunk := stream.read(COPY_BYTES):
            copied += len(chunk)
            if copied > limit:
                raise TooLarge(f"standard input is larger than {limit} bytes (max_file_bytes)")
            out.write(chunk)
