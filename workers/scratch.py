"""A private folder in memory for pixels on their way from one process to another."""

import fcntl
import itertools
import os
import shutil
import tempfile
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
#: Less free memory than this there, as in a container with default settings, means the disk.
LEAST_FREE_BYTES = 1024 * 1024 * 1024
PREFIX = "pagefleet-pixels-"
_LOCK = "lock"


class Scratch:
    """A folder that goes away with ``close``, or when another one starts after this process.

    Its lock file tells the living from the dead, also between containers that share memory
    but not process ids; the name carries the process id for people only.
    """

    def __init__(self, base: Path | None = None) -> None:
        base = base or _roomy_folder()
        base.mkdir(parents=True, exist_ok=True)
        remove_leftovers(base)
        self.folder = Path(tempfile.mkdtemp(prefix=f"new-{PREFIX}", dir=base))
        self._lock = os.open(self.folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Under its final name only once locked, or a neighbour's start could remove it.
        unique = self.folder.name.removeprefix(f"new-{PREFIX}")
        self.folder = self.folder.rename(base / f"{PREFIX}{os.getpid()}-{unique}")
        self._numbers = itertools.count()

    def new_path(self, suffix: str) -> Path:
        """A path in the folder that nothing else uses; thread-safe."""
        return self.folder / f"{next(self._numbers)}{suffix}"

    def close(self) -> None:
        """Remove the folder with everything in it; safe to call twice."""
        if self._lock < 0:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock)
        self._lock = -1


def remove_leftovers(base: Path) -> None:
    """Remove this user's folders whose process has died."""
    for folder in base.glob(f"{PREFIX}*"):
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


def _roomy_folder() -> Path:
    try:
        space = os.statvfs(SHARED_MEMORY)
    except OSError:
        return Path(tempfile.gettempdir())
    roomy = space.f_bavail * space.f_frsize >= LEAST_FREE_BYTES
    usable = roomy and os.access(SHARED_MEMORY, os.W_OK)
    return SHARED_MEMORY if usable else Path(tempfile.gettempdir())
