"""Walks a folder that others write to: without recursion, without links, within limits.

What the walk can't use it skips and tells once, so that one folder stops no other.
"""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from producer.watching.places import beneath
from producer.watching.places.place import Unreadable
from shared.domain.errors import NotFound

#: Endings that programs use for files that they still write.
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart", "~")
#: Folders between the inbox and a document, and bytes of its key.
MAX_FOLDERS = 256
MAX_KEY_BYTES = 4096
#: Skipped names that one pass tells.
MAX_TOLD = 20
#: Skipped names that are remembered.
MAX_REMEMBERED = 10_000
#: Errors of this machine, not of one folder.
_OWN_ERRORS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
Skip = Callable[[str, str], None]


def walk(root: Path, skip: Skip) -> Iterator[tuple[str, os.stat_result]]:
    """Yields key and status of each file below ``root``; the files of a folder are sorted.

    Raises NotFound and OSError for the root; ``skip`` gets names below it and the reason.
    """
    pending = [""]
    while pending:
        folder = pending.pop()
        folders: list[str] = []
        try:
            yield from _files(root, folder, folders, skip)
        except (NotFound, OSError) as error:
            if not folder or (isinstance(error, OSError) and error.errno in _OWN_ERRORS):
                raise
            if isinstance(error, OSError):
                skip(folder, error.strerror or type(error).__name__)
        pending.extend(reversed(folders))


def _files(
    root: Path, folder: str, folders: list[str], skip: Skip
) -> Iterator[tuple[str, os.stat_result]]:
    """Yields the files of one folder and adds its folders to ``folders``."""
    with beneath.folder_of(root, f"{folder}name") as (handle, _):
        with os.scandir(handle) as entries:
            named = sorted(
                (entry.name, entry) for entry in entries if _is_usable(entry, folder, skip)
            )
        for name, entry in named:
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{folder}{name}/")
                elif entry.is_file(follow_symlinks=False):
                    yield folder + name, entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # removed since


def _is_usable(entry: "os.DirEntry[str]", folder: str, skip: Skip) -> bool:
    if not is_utf8(entry.name):
        skip(folder + entry.name, "the name is not UTF-8")
        return False
    if not may_be_document(entry.name):
        return False
    if folder.count("/") > MAX_FOLDERS or len((folder + entry.name).encode()) > MAX_KEY_BYTES:
        skip(folder, f"more than {MAX_FOLDERS} folders or {MAX_KEY_BYTES} bytes deep")
        return False
    return True


def may_be_document(name: str) -> bool:
    """Whether a file or folder of this name is neither hidden nor unfinished nor unusable."""
    return is_utf8(name) and not name.startswith(".") and not name.lower().endswith(UNFINISHED)


def is_utf8(name: str) -> bool:
    """Whether the name can be stored in a claim."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class Skipped:
    """Tells once what a walk skips, again when the reason changes; used by one thread."""

    def __init__(self, report: Callable[[Exception], None]) -> None:
        self._report = report
        self._known: dict[str, str] = {}
        self._current: dict[str, str] = {}
        self._untold = 0
        self._told = 0

    def add(self, name: str, reason: str) -> None:
        """The walk skips ``name``."""
        is_known = self._known.get(name) == reason or name in self._current
        if len(self._current) < MAX_REMEMBERED:
            self._current[name] = reason
        if is_known:
            return
        if self._told == MAX_TOLD:
            self._untold += 1
            return
        self._told += 1
        self._report(Unreadable(f"{name[:200]!r} in the inbox is skipped: {reason}"))

    def end_pass(self) -> None:
        """Forget what this pass did not find; tells how many names it did not tell."""
        if self._untold:
            self._report(Unreadable(f"{self._untold} more names in the inbox are skipped"))
        self._known, self._current = self._current, {}
        self._told = self._untold = 0
