"""Keeps PAGEFLEET_HOME, which holds documents and passwords of brokers, from other users."""

import logging
import os
import stat
from pathlib import Path

from shared.config.private_files import FOLDER_MODE, make_private_folder
from shared.domain.errors import UsageError

log = logging.getLogger("pagefleet.home")


def secure_home(home: Path) -> None:
    """Create ``home``, or close it and what lies directly in it to other users.

    Raises UsageError where another user owns it, and OSError.
    """
    make_private_folder(home)
    facts = home.stat()
    if facts.st_uid not in (0, os.getuid()):
        raise UsageError(
            f"PAGEFLEET_HOME ({home}) belongs to user {facts.st_uid}; set it to a folder of yours"
        )
    if facts.st_uid == os.getuid() and _is_open(facts):
        for path in (*home.iterdir(), home):
            _close(path)
        log.warning(
            "only its owner may use %s now: its mode was %o", home, stat.S_IMODE(facts.st_mode)
        )


def _is_open(facts: os.stat_result) -> bool:
    return bool(facts.st_mode & ~FOLDER_MODE & 0o777)


def _close(path: Path) -> None:
    facts = path.lstat()
    if not stat.S_ISLNK(facts.st_mode) and facts.st_uid == os.getuid():
        path.chmod(stat.S_IMODE(facts.st_mode) & FOLDER_MODE)
