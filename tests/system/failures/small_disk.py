"""A disk of the laboratory's own that can be full: a file system in memory, where one may mount."""

import os
import subprocess
from pathlib import Path

ROOM = 4 << 30


class SmallDisk:
    """Lies below ``folder`` until ``remove``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def mounted(cls, folder: Path) -> "SmallDisk | None":
        """A disk below ``folder``, or None where this user may not mount."""
        folder.mkdir()
        words = ("-t", "tmpfs", "-o", f"size={ROOM},mode=700", "pagefleet-lab", str(folder))
        return cls(folder) if _mount(*words) else None

    def fill(self, left: int) -> bool:
        """Leave so many bytes for everybody, as somebody else's large file would."""
        found = os.statvfs(self._folder)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        # Refused where it holds more by now.
        return self._resize(used + left)

    def free(self) -> None:
        """That large file is gone."""
        assert self._resize(ROOM)

    def remove(self) -> None:
        """Take the disk away, with all that is on it."""
        subprocess.run(["umount", "--lazy", str(self._folder)], capture_output=True, check=False)

    def _resize(self, size: int) -> bool:
        return _mount("-o", f"remount,size={size}", str(self._folder))


def _mount(*words: str) -> bool:
    try:
        return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
