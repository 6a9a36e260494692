"""Refuses a ``pagefleet.toml`` in the working folder that is no configuration of this user."""

import grp
import os
import pwd
import stat
import tomllib
from collections.abc import Collection
from pathlib import Path

from shared.domain.errors import UsageError
from shared.domain.records.options import PageSettings, RenderOptions

#: Keys of an options file in an inbox, which has the same name as a configuration file.
OPTION_KEYS = frozenset(
    (
        *("task", "prompt", "query", "pages", "priority", "labels"),
        *RenderOptions.model_fields,
        *PageSettings.model_fields,
    )
)
_ADVICE = "remove it, or name a configuration file of yours in PAGEFLEET_CONFIG"


def check_working_folder_file(path: Path, settings: Collection[str]) -> None:
    """Raise UsageError where others control ``path``, or where it holds options of an inbox.

    ``settings`` are the names of all settings. Raises OSError where the file can't be read.
    """
    shown = path.absolute()
    problem = _control_of_others(shown)
    if problem is not None:
        raise UsageError(f"{shown} is not taken as the configuration: {problem}; {_ADVICE}")
    keys = _keys(path)
    options = keys & OPTION_KEYS
    if options - set(settings) or (keys and options == keys):
        raise UsageError(
            f"{shown} is not taken as the configuration: it holds options of a watched folder "
            f"({', '.join(sorted(options))}); {_ADVICE}"
        )


def _control_of_others(path: Path) -> str | None:
    """Who else may change what ``path`` says, in words; None for no other user."""
    for what, facts in (("it", path.lstat()), ("it", path.stat()), ("its folder", _folder(path))):
        if facts.st_uid not in (0, os.getuid()):
            return f"user {facts.st_uid} owns {what}"
        if _others_may_write(facts):
            return f"other users may write {what} (chmod go-w repairs this)"
    return None


def _folder(path: Path) -> os.stat_result:
    return path.resolve().parent.stat()


def _others_may_write(facts: os.stat_result) -> bool:
    if stat.S_ISLNK(facts.st_mode):
        return False
    if stat.S_ISDIR(facts.st_mode) and facts.st_mode & stat.S_ISVTX:
        return False  # as in /tmp: only the owner of a file may replace it
    if facts.st_mode & stat.S_IWOTH:
        return True
    return bool(facts.st_mode & stat.S_IWGRP) and not _is_private_group(facts.st_gid)


def _is_private_group(gid: int) -> bool:
    """Whether only this user is in the group, which many systems create with each user."""
    try:
        user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return user.pw_gid == gid and group.gr_name == user.pw_name and not group.gr_mem


def _keys(path: Path) -> set[str]:
    try:
        with path.open("rb") as file:
            return set(tomllib.load(file))
    except (ValueError, RecursionError):
        return set()  # the settings report what is wrong with it
