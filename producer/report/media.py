"""Stores the pictures of a report: inside the HTML file, or in a folder beside it."""

import base64
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from producer.delivery.folder_sink import write_atomically

#: Reports of more pages have their page images in a folder beside the file.
MAX_EMBEDDED_PAGES = 50


class Media(Protocol):
    """Stores the pictures of an HTML file."""

    #: Allowed sources of pictures, in the syntax of a Content-Security-Policy.
    sources: str
    #: Whether browsers should load a picture only when it becomes visible.
    lazy: bool
    #: The folder of the pictures; None where they are inside the file.
    folder: Path | None

    def store(self, name: str, data: bytes, kind: str) -> str:
        """Store a picture of ``kind`` ("jpeg" or "png"); returns its address."""
        ...


class Embedded:
    """Pictures inside the HTML file."""

    sources = "data:"
    lazy = False
    folder: Path | None = None

    def store(self, name: str, data: bytes, kind: str) -> str:
        """See Media."""
        return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


class BesideFile:
    """Pictures as files in ``folder``, which is beside the HTML file."""

    # Both, because browsers disagree on whether files in other folders are "self".
    sources = "'self' file:"
    lazy = True

    def __init__(self, folder: Path) -> None:
        self.folder: Path | None = folder
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def store(self, name: str, data: bytes, kind: str) -> str:
        """See Media; ``name`` must be a plain file name."""
        write_atomically(self._folder / name, data)
        return f"{quote(self._folder.name)}/{quote(name)}"


def media_for(output: Path, pages: int, *, in_folder: bool = False) -> Media:
    """The storage for pictures of a report of ``pages`` pages at ``output``.

    Long reports have them in a folder, others only where the caller asks for it.
    """
    if pages <= MAX_EMBEDDED_PAGES and not in_folder:
        return Embedded()
    return BesideFile(output.with_name(f"{output.stem}_files"))
