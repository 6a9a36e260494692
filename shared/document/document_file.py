"""One file of a merged document, of any size."""

import hashlib
import shutil
import tempfile
from io import BytesIO
from typing import IO, BinaryIO

#: Bytes that stay in memory.
MOST_IN_MEMORY = 4 << 20


class DocumentFile:
    """The bytes of a file: in memory, or in a temporary file without a name where they are many."""

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.is_large = False
        self._digest = hashlib.sha256()
        self._file: BytesIO | IO[bytes] = BytesIO()

    def write(self, data: bytes) -> int:
        """Add bytes at the end."""
        self._digest.update(data)
        if not self.is_large and self._file.tell() + len(data) > MOST_IN_MEMORY:
            self._move_to_disk()
        return self._file.write(data)

    @property
    def data(self) -> bytes:
        """All bytes."""
        return self.open().read()

    @property
    def sha256(self) -> str:
        """The digest of all bytes."""
        return self._digest.hexdigest()

    def open(self) -> BinaryIO:
        """The bytes from the beginning, as an open file; ``close`` closes it."""
        self._file.seek(0)
        return self._file  # type: ignore[return-value]

    def close(self) -> None:
        """Free memory and disk."""
        self._file.close()

    def __del__(self) -> None:
        self.close()

    def _move_to_disk(self) -> None:
        start = self.open()
        self._file = tempfile.TemporaryFile(prefix="pagefleet-")  # noqa: SIM115  # closed by close
        shutil.copyfileobj(start, self._file)
        self.is_large = True
