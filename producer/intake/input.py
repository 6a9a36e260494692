"""One input of a command: a file, an S3 object or standard input."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from shared.domain.errors import PagefleetError
from shared.domain.lanes import Priority

_FILE_URI = "file:///"
InputKind = Literal["file", "s3", "stdin"]


@dataclass(frozen=True)
class Overrides:
    """Options that a line of a manifest file sets for its document."""

    name: str | None = None
    task: str | None = None
    pages: str | None = None
    priority: Priority | None = None
    password: str | None = field(default=None, repr=False)
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Input:
    """One document to convert."""

    #: The path or URI as the user wrote it, or would write it.
    word: str
    kind: InputKind
    overrides: Overrides = Overrides()
    #: Why there is no document: the error to report for this input.
    problem: PagefleetError | None = None
    #: The only accepted version of an S3 object; None accepts the current one.
    etag: str | None = None
    #: The folder that the command line named, where the file was found in it.
    folder: Path | None = None
    #: File and line of the manifest that names the document.
    where: str | None = None
    #: A version of the S3 object that a listing named; the current one may be newer.
    listed: str | None = None

    @property
    def name(self) -> str:
        """The document's own name, without its folder, as text that can be stored."""
        if self.overrides.name is not None:
            return _storable(self.overrides.name)
        if self.kind == "stdin":
            return "stdin"
        word = str(self.path) if self.kind == "file" else self.word
        return _storable(word.rstrip("/").rsplit("/", 1)[-1])

    @property
    def address(self) -> str:
        """``word`` as text that can be stored."""
        return _storable(self.word)

    @property
    def path(self) -> Path:
        """The path of an input of kind "file"."""
        return local_path(self.word)


def _storable(text: str) -> str:
    """File names are bytes: bytes that are not UTF-8 are replaced."""
    return text.encode("utf-8", "replace").decode()


def local_path(word: str) -> Path:
    """The path that a word names; ``file:///`` URIs are percent-encoded."""
    is_uri = word.startswith(_FILE_URI)
    return Path(unquote(word.removeprefix("file://")) if is_uri else word)
