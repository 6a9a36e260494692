"""A private folder in shared memory for the pixels that processes hand to each other."""

import itertools
import os
import tempfile
from pathlib import Path

from shared.processes.private_folder import PrivateFolder, remove_leftovers

SHARED_MEMORY = Path("/dev/shm")
#: With less free shared memory (the default of containers), a folder on disk is used.
LEAST_FREE_BYTES = 1024 * 1024 * 1024
PREFIX = "pagefleet-pixels-"


class Scratch(PrivateFolder):
    """A private folder that names its files; in shared memory or, without room, on disk."""

    def __init__(self, base: Path | None = None, *, least_free: int = LEAST_FREE_BYTES) -> None:
        # First, because folders of killed processes are what fills the shared memory.
        remove_leftovers(SHARED_MEMORY, PREFIX)
        super().__init__(base or _roomy_folder(least_free), PREFIX)
        self._numbers = itertools.count()

    def new_path(self, suffix: str) -> Path:
        """A path in the folder that nothing else uses; thread-safe."""
        return self.folder / f"{next(self._numbers)}{suffix}"


def free_bytes() -> int:
    """Free bytes in the folder that a new ``Scratch`` would use."""
    space = os.statvfs(_roomy_folder())
    return space.f_bavail * space.f_frsize


def _roomy_folder(least_free: int = LEAST_FREE_BYTES) -> Path:
    try:
        space = os.statvfs(SHARED_MEMORY)
    except OSError:
        return Path(tempfile.gettempdir())
    roomy = space.f_bavail * space.f_frsize >= least_free
    usable = roomy and os.access(SHARED_MEMORY, os.W_OK)
    return SHARED_MEMORY if usable else Path(tempfile.gettempdir())
