"""Reads the password of encrypted documents; it is never stored or logged."""

from pathlib import Path

from shared.domain.errors import UsageError

MAX_PASSWORD_CHARACTERS = 4096


def read_password(path: str | None) -> str | None:
    """The first line of a password file; raises UsageError."""
    if path is None:
        return None
    try:
        with Path(path).open(encoding="utf-8-sig") as file:
            return file.readline(MAX_PASSWORD_CHARACTERS).rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"can't read the password file {path}: {reason}") from None
