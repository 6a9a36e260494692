"""Opens paths without following the symbolic links of other users.

A link that others may place or change could lead to a file that only this user may read.
"""

import errno
import os
import stat
from collections import deque
from contextlib import suppress
from pathlib import Path

from shared.domain.errors import NotADocument

#: NONBLOCK: opening a named pipe or a device must not block.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
#: PATH, where the system has it: a folder that may be entered and not listed can be opened too.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_FOLDER_ITSELF = _FOLDER | os.O_NOFOLLOW
MAX_LINKS = 40


def open_guarded(path: Path, below: Path | None = None) -> int:
    """A descriptor for reading ``path``.

    Links that belong to this user or to root are followed. Links of other users are refused in
    every component below ``below``, without it in the last one, and in the targets of links; the
    part before that was named by this user. Raises NotADocument, OSError and ValueError.
    """
    start = path.parent if below is None else below
    folder = os.open(start, _FOLDER)
    pending = deque(path.relative_to(start).parts or (".",))
    links = 0
    try:
        while True:
            name = pending.popleft()
            try:
                handle = os.open(name, _FOLDER_ITSELF if pending else _FILE, dir_fd=folder)
            except OSError:
                target = _target(path, name, folder)
                if target is None:
                    raise
                links += 1
                handle = _follow(folder, target, links)
                pending.extendleft(reversed(_relative_parts(target)))
            else:
                if not pending:
                    return handle
            os.close(folder)
            folder = handle
    finally:
        os.close(folder)


def _follow(folder: int, target: Path, links: int) -> int:
    """A descriptor of the folder in which the target of a link begins."""
    if links > MAX_LINKS:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return os.open("/", _FOLDER) if target.is_absolute() else os.dup(folder)


def _relative_parts(target: Path) -> tuple[str, ...]:
    parts = target.parts[1:] if target.is_absolute() else target.parts
    return parts or (".",)


def _target(path: Path, name: str, folder: int) -> Path | None:
    """Where the link ``name`` leads; None where it is no link; raises NotADocument."""
    with suppress(OSError):
        before = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISLNK(before.st_mode):
            return None
        target = Path(os.readlink(name, dir_fd=folder))
        after = os.stat(name, dir_fd=folder, follow_symlinks=False)
        # Another link may have been put in its place before it was read.
        if _identity(before) == _identity(after) and before.st_uid in (os.geteuid(), 0):
            return target
        owner = f"the symbolic link {name} belongs to another user (uid {after.st_uid})"
        raise NotADocument(f"{path} is not read: {owner}; copy the file or name its real path")
    return None


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_uid, status.st_ctime_ns
