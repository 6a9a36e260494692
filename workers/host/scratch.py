"""A private folder in memory for pixels on their way from one process to another."""

import itertools
import os
import tempfile
from pathlib import Path

from shared.processes.private_folder import PrivateFolder

SHARED_MEMORY = Path("/dev/shm")
#: Less free memory than this there, as in a container with default settings, means the disk.
LEAST_FREE_BYTES = 1024 * 1024 * 1024
PREFIX = "pagefleet-pixels-"


class Scratch(PrivateFolder):
    """A private folder where there is room for pixels, with names for them."""

    def __init__(self, base: Path | None = None) -> None:
        super().__init__(base or _roomy_folder(), PREFIX)
        self._numbers = itertools.count()

    def new_path(self, suffix: str) -> Path:
        """A path in the folder that nothing else uses; thread-safe."""
        return self.folder / f"{next(self._numbers)}{suffix}"


def free_bytes() -> int:
    """Room for files in the folder that a new ``Scratch`` would choose."""
    space = os.statvfs(_roomy_folder())
    return space.f_bavail * space.f_frsize


def _roomy_folder() -> Path:
    try:
        space = os.statvfs(SHARED_MEMORY)
    except OSError:
        return Path(tempfile.gettempdir())
    roomy = space.f_bavail * space.f_frsize >= LEAST_FREE_BYTES
    usable = roomy and os.access(SHARED_MEMORY, os.W_OK)
    return SHARED_MEMORY if usable else Path(tempfile.gettempdir())
