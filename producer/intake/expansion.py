"""Expands the INPUT words of a command line into single inputs, in their order."""

import glob
import os
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from pathlib import Path
from typing import Literal

from producer.intake.input import Input, local_path
from producer.intake.manifest_file import read_manifest
from shared.config.settings import Settings
from shared.domain.errors import NotADocument, PagefleetError, UsageError
from shared.storage.factory import list_uri

#: Only files with these suffixes are taken from folders and prefixes; a named file may have any.
SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"})
STDIN = "-"
_S3 = "s3://"


def expand_inputs(words: Iterable[str], manifest: Path | None, settings: Settings) -> list[Input]:
    """Every single input; a word that matches nothing becomes an input with a problem.

    Raises UsageError where a word or the manifest file is not valid.
    """
    inputs = [input_ for word in words for input_ in _expand(word, settings)]
    if manifest is not None:
        inputs.extend(read_manifest(manifest))
    if not inputs:
        raise UsageError("nothing to do: name a file, a folder, an s3:// URI, - or --manifest FILE")
    if sum(input_.kind == "stdin" for input_ in inputs) > 1:
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
        yield from _expand_folder(word, path)
    elif not _exists(path) and glob.has_magic(word):
        matches = [Path(name) for name in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207  absolute and relative patterns
        files = [str(path) for path in matches if not path.is_dir()]
        start = _literal_folder(word)
        yield from _inputs_or_problem(word, "file", files, "matches no file", start)
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
        return True  # too long or forbidden: opening it reports the reason


def _expand_folder(word: str, folder: Path) -> Iterator[Input]:
    """The documents of a folder; each unreadable subfolder is an input with a problem."""
    unreadable: list[OSError] = []
    files = sorted(
        Path(place) / name
        for place, _, names in os.walk(folder, onerror=unreadable.append)
        for name in names
        if Path(name).suffix.lower() in SUFFIXES
    )
    documents = [str(path) for path in files if _may_be_document(path)]
    for error in unreadable:
        reason = f"can't be listed: {error.strerror}"
        yield Input(str(error.filename), "file", problem=NotADocument(f"{error.filename} {reason}"))
    if documents or not unreadable:
        yield from _inputs_or_problem(word, "file", documents, "holds no PDF or image", folder)


def _literal_folder(pattern: str) -> Path:
    """The folder before the first part of ``pattern`` that has a wildcard."""
    parts = Path(pattern).parts
    return Path(*takewhile(lambda part: not glob.has_magic(part), parts))


def _may_be_document(path: Path) -> bool:
    """True for files, and for broken links and forbidden paths: opening them reports why."""
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
        listed = [entry.uri for entry in list_uri(prefix, settings)]
    except UsageError:
        raise
    except PagefleetError as error:
        yield Input(word, "s3", problem=error)
        return
    uris = [uri for uri in listed if Path(uri).suffix.lower() in SUFFIXES]
    reason = "holds no PDF or image" if listed else "does not exist: no object and no prefix"
    yield from _inputs_or_problem(word, "s3", uris, reason)


def _is_object(uri: str, settings: Settings) -> bool:
    """Whether ``uri`` is an object: it is then the first in a listing of that prefix."""
    return any(entry.uri == uri for entry in islice(list_uri(uri, settings), 1))


def _inputs_or_problem(
    word: str,
    kind: Literal["file", "s3"],
    matches: list[str],
    reason: str,
    folder: Path | None = None,
) -> Iterator[Input]:
    if not matches:
        yield Input(word, kind, problem=NotADocument(f"{word} {reason}"))
    for match in matches:
        yield Input(match, kind, folder=folder)
