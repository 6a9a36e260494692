"""Brings one input to a local file that has been looked at inside its limits."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from producer.inputs import Input
from producer.inspection import Inspection, Limits, inspect
from shared.errors import TooLarge
from shared.sandbox import Sandbox
from shared.settings import Settings
from shared.store import download_uri

COPY_BYTES = 1024 * 1024
DECRYPTED_NAME = "decrypted.pdf"


class Intake:
    """Opens inputs; what it had to copy or decrypt lives only inside ``opened``."""

    def __init__(self, settings: Settings, sandbox: Sandbox) -> None:
        self._settings = settings
        self._sandbox = sandbox
        self._limits = Limits.from_settings(settings)

    @contextmanager
    def opened(self, item: Input, password: str | None) -> Iterator[Inspection]:
        """The inspected document; raises DocumentError where it is refused."""
        with tempfile.TemporaryDirectory(prefix="pagefleet-intake-") as name:
            folder = Path(name)
            path = self._local(item, folder)
            yield inspect(path, password, self._limits, self._sandbox, folder / DECRYPTED_NAME)

    def _local(self, item: Input, folder: Path) -> Path:
        if item.kind == "file":
            return Path(item.word)
        path = folder / "input"
        if item.kind == "s3":
            download_uri(item.word, path, self._limits.max_file_bytes, self._settings)
        else:
            copy_limited(sys.stdin.buffer, path, self._limits.max_file_bytes)
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
