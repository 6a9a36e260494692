"""Where the report keeps its pictures: inside the file, or beside it where they are many."""

import base64
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from producer.delivery.folder_sink import write_whole

#: A report of more pages has its pictures in a folder beside it.
MAX_EMBEDDED_PAGES = 50


class Media(Protocol):
    """Keeps pictures for an HTML file."""

    #: What the page may load pictures from, as in a Content-Security-Policy.
    sources: str
    #: Whether a browser should load pictures only when they come into sight.
    lazy: bool
    #: Where they lie, or None where they are inside the file.
    folder: Path | None

    def keep(self, name: str, data: bytes, kind: str) -> str:
        """Keep a picture of ``kind`` ("jpeg" or "png"); returns its address."""
        ...


class Embedded:
    """Pictures inside the HTML file."""

    sources = "data:"
    lazy = False
    folder: Path | None = None

    def keep(self, name: str, data: bytes, kind: str) -> str:
        """See Media."""
        return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


class Beside:
    """Pictures as files in ``folder``, which lies beside the HTML file."""

    # Browsers don't agree on whether a file's neighbours are "self".
    sources = "'self' file:"
    lazy = True

    def __init__(self, folder: Path) -> None:
        self.folder: Path | None = folder
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, name: str, data: bytes, kind: str) -> str:
        """See Media; ``name`` is a plain file name that pagefleet made."""
        write_whole(self._folder / name, data)
        return f"{quote(self._folder.name)}/{quote(name)}"


def media_for(output: Path, pages: int) -> Media:
    """Where the pictures of a report of ``pages`` pages at ``output`` go."""
    if pages <= MAX_EMBEDDED_PAGES:
        return Embedded()
    return Beside(output.with_name(f"{output.stem}_files"))
