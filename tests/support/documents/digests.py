"""Digests of test documents."""

import hashlib
from pathlib import Path


def file_digest(path: Path) -> str:
    """SHA-256 of the file in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
