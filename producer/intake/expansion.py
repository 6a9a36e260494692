"""Expands the INPUT words of a command line into single inputs, in their order."""

import glob
import os
from collections.abc import Iterable, Iterator
from itertools import chain, takewhile
from pathlib import Path

from producer.intake.input import Input, local_path
from producer.intake.manifest_file import read_manifest
from shared.config.settings import Settings
from shared.domain.errors import NotADocument, PagefleetError, UsageError
from shared.storage.factory import find_uri, list_uri

#: Only files with these suffixes are taken from folders and prefixes; a named file may have any.
SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"})
STDIN = "-"
_S3 = "s3://"


def stream_inputs(
    words: Iterable[str], manifest: Path | None, settings: Settings
) -> Iterator[Input]:
    """Every single input; a word that matches nothing becomes an input with a problem.

    Lines of the manifest file and listings of S3 are read as the inputs are taken. Raises
    UsageError where a word or the manifest file is not valid.
    """
    named = list(words)
    if named.count(STDIN) > 1:
        raise UsageError("standard input (-) can be read only once")
    lines = iter(()) if manifest is None else read_manifest(manifest)
    expanded = chain.from_iterable(_expand(word, settings) for word in named)
    inputs = chain(expanded, lines)
    first = next(inputs, None)
    if first is None:
        raise UsageError("nothing to do: name a file, a folder, an s3:// URI, - or --manifest FILE")
    return chain([first], inputs)


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
        yield from _inputs_or_problem(word, files, "matches no file", start)
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
        yield from _inputs_or_problem(word, documents, "holds no PDF or image", folder)


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
        if not word.endswith("/"):
            found = find_uri(word, settings)
            if found is not None:
                yield Input(word, "s3", listed=found.etag)
                return
        yield from _listed(word, word if word.endswith("/") else f"{word}/", settings)
    except UsageError:
        raise
    except PagefleetError as error:
        yield Input(word, "s3", problem=error)


def _listed(word: str, prefix: str, settings: Settings) -> Iterator[Input]:
    """The documents below a prefix, as the listing goes on."""
    is_empty, has_documents = True, False
    for entry in list_uri(prefix, settings):
        is_empty = False
        if Path(entry.uri).suffix.lower() in SUFFIXES:
            has_documents = True
            yield Input(entry.uri, "s3", listed=entry.etag)
    if not has_documents:
        reason = "does not exist: no object and no prefix" if is_empty else "holds no PDF or image"
        yield Input(word, "s3", problem=NotADocument(f"{word} {reason}"))


def _inputs_or_problem(word: str, matches: list[str], reason: str, folder: Path) -> Iterator[Input]:
    if not matches:
        yield Input(word, "file", problem=NotADocument(f"{word} {reason}"))
    for match in matches:
        yield Input(match, "file", folder=folder)
