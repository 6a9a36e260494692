"""A folder for one process, which is removed with it even when the process is killed."""

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

from shared.config.private_files import make_private_folder

_LOCK = "lock"


class PrivateFolder:
    """A folder that ``close`` removes, or the next process that creates such a folder.

    A lock file shows whether the owner lives, also between containers that share a disk but no
    process ids; the process id in the name is informational. Raises OSError.
    """

    def __init__(self, base: Path, prefix: str) -> None:
        make_private_folder(base)
        remove_leftovers(base, prefix)
        self.folder = Path(tempfile.mkdtemp(prefix=f"new-{prefix}", dir=base))
        self._lock = os.open(self.folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Renamed only when locked, or another process could remove it as a leftover.
        unique = self.folder.name.removeprefix(f"new-{prefix}")
        self.folder = self.folder.rename(base / f"{prefix}{os.getpid()}-{unique}")

    def close(self) -> None:
        """Remove the folder with everything in it; safe to call twice."""
        if self._lock < 0:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)
        self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def remove_leftovers(base: Path, prefix: str) -> None:
    """Remove this user's folders whose process has died."""
    for folder in base.glob(f"{prefix}*"):
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
