"""Turns the INPUT words of a command line into a list of single inputs, in their order."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from shared.config.settings import Settings
from shared.domain.errors import NotADocument, PagefleetError, UsageError
from shared.domain.records import Priority
from shared.storage.factory import list_uri

#: Names looked for inside folders and prefixes; a file that is named itself may have any.
SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"})
STDIN = "-"
_S3 = "s3://"
_FILE = "file:///"


@dataclass(frozen=True)
class Overrides:
    """What a line of a manifest file says about its document."""

    task: str | None = None
    pages: str | None = None
    priority: Priority | None = None
    password: str | None = field(default=None, repr=False)
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Input:
    """One document to take in; ``problem`` stands where there is none."""

    #: As the person wrote or would write it.
    word: str
    kind: Literal["file", "s3", "stdin"]
    overrides: Overrides = Overrides()
    problem: PagefleetError | None = None
    #: The version of an S3 object that is meant; None for whatever is there.
    etag: str | None = None

    @property
    def name(self) -> str:
        """The document's own name, without its folder, as text that can be stored."""
        if self.kind == "stdin":
            return "stdin"
        word = str(self.path) if self.kind == "file" else self.word
        name = word.rstrip("/").rsplit("/", 1)[-1]
        # File names are bytes: what is no text in them is replaced.
        return name.encode("utf-8", "replace").decode()

    @property
    def path(self) -> Path:
        """Where an input of kind "file" lies."""
        return local_path(self.word)


def local_path(word: str) -> Path:
    """The path that a word means; ``file:///`` URIs are percent-encoded."""
    return Path(unquote(word.removeprefix("file://")) if word.startswith(_FILE) else word)


def expand_inputs(words: Iterable[str], manifest: Path | None, settings: Settings) -> list[Input]:
    """Every single input; a word that yields nothing becomes an input with a problem.

    Raises UsageError where a word or the manifest file makes no sense.
    """
    inputs = [single for word in words for single in _expand(word, settings)]
    if manifest is not None:
        from producer.intake.manifest_file import read_manifest

        inputs.extend(read_manifest(manifest))
    if not inputs:
        raise UsageError("nothing to do: name a file, a folder, an s3:// URI, - or --manifest FILE")
    if sum(single.kind == "stdin" for single in inputs) > 1:
        raise UsageError("standard input (-) can be read only once")
    return inputs


def _expand(word: str, settings: Settings) -> Iterator[Input]:
    if word == STDIN:
        yield Input(word, "stdin")
    elif word.startswith(_S3):
        yield from _expand_s3(word, settings)
    else:
        yield from _expand_path(word)


def _expand_path(word: str) -> Iterator[Input]:
    path = local_path(word)
    if _is_folder(path):
        yield from _below(word, path)
    elif not _exists(path) and glob.has_magic(word):
        matches = [Path(name) for name in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207  absolute and relative patterns
        files = [str(path) for path in matches if not path.is_dir()]
        yield from _or_problem(word, "file", files, "matches no file")
    else:
        yield Input(word, "file")


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # too long or forbidden: opening it says why


def _below(word: str, folder: Path) -> Iterator[Input]:
    """The documents of a folder; each folder that can't be read is an input with a problem."""
    closed: list[OSError] = []
    files = sorted(
        Path(place) / name
        for place, _, names in os.walk(folder, onerror=closed.append)
        for name in names
        if Path(name).suffix.lower() in SUFFIXES
    )
    documents = [str(path) for path in files if _is_worth_opening(path)]
    for error in closed:
        reason = f"can't be looked into: {error.strerror}"
        yield Input(str(error.filename), "file", problem=NotADocument(f"{error.filename} {reason}"))
    if documents or not closed:
        yield from _or_problem(word, "file", documents, "holds no PDF or image")


def _is_worth_opening(path: Path) -> bool:
    """Files; and links that lead nowhere and what is closed, as opening them says why."""
    try:
        return path.is_file() or not path.exists()
    except OSError:
        return True


def _expand_s3(word: str, settings: Settings) -> Iterator[Input]:
    try:
        if not word.endswith("/") and _is_object(word, settings):
            yield Input(word, "s3")
            return
        prefix = word if word.endswith("/") else f"{word}/"
        listed = [found.uri for found in list_uri(prefix, settings)]
    except UsageError:
        raise
    except PagefleetError as error:
        yield Input(word, "s3", problem=error)
        return
    uris = [uri for uri in listed if Path(uri).suffix.lower() in SUFFIXES]
    missing = "holds no PDF or image" if listed else "is not there: no object, and none below it"
    yield from _or_problem(word, "s3", uris, missing)


def _is_object(uri: str, settings: Settings) -> bool:
    """Whether ``uri`` is an object itself; it would be the first of those that begin so."""
    return any(found.uri == uri for found in islice(list_uri(uri, settings), 1))


def _or_problem(
    word: str, kind: Literal["file", "s3"], found: list[str], complaint: str
) -> Iterator[Input]:
    if not found:
        yield Input(word, kind, problem=NotADocument(f"{word} {complaint}"))
    for single in found:
        yield Input(single, kind)
