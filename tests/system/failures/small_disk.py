"""A small disk that can be filled: a file system in memory, where the user may mount."""

import os
import subprocess
from pathlib import Path

SIZE = 4 << 30


class SmallDisk:
    """Mounted at ``folder`` until ``remove``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def mounted(cls, folder: Path) -> "SmallDisk | None":
        """A disk at ``folder``, or None where this user may not mount."""
        folder.mkdir()
        words = ("-t", "tmpfs", "-o", f"size={SIZE},mode=700", "pagefleet-lab", str(folder))
        return cls(folder) if _mount(*words) else None

    def fill(self, free: int) -> bool:
        """Leave ``free`` bytes, as another user's large file would; returns whether it worked."""
        space = os.statvfs(self._folder)
        used = (space.f_blocks - space.f_bfree) * space.f_frsize
        # The kernel refuses if the disk holds more by now.
        return self._resize(used + free)

    def free(self) -> None:
        """Make all space free again."""
        assert self._resize(SIZE)

    def remove(self) -> None:
        """Unmount the disk and lose its content."""
        subprocess.run(["umount", "--lazy", str(self._folder)], capture_output=True, check=False)

    def _resize(self, size: int) -> bool:
        return _mount("-o", f"remount,size={size}", str(self._folder))


def _mount(*words: str) -> bool:
    try:
        return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
