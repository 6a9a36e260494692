"""Turns the INPUT words of a command line into a list of single inputs, in their order."""

import glob
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import NotADocument, PagefleetError, UsageError
from shared.records import Priority
from shared.settings import Settings
from shared.store import list_uri

#: Names looked for inside folders and prefixes; a file that is named itself may have any.
SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"})
STDIN = "-"
MAX_MANIFEST_LINE = 1_000_000


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

    @property
    def name(self) -> str:
        """The document's own name, without its folder."""
        if self.kind == "stdin":
            return "stdin"
        return self.word.rstrip("/").rsplit("/", 1)[-1]


class ManifestLine(BaseModel):
    """One line of ``--manifest FILE.jsonl``."""

    model_config = ConfigDict(extra="forbid")

    uri: str = Field(min_length=1)
    task: str | None = None
    pages: str | None = None
    priority: Priority | None = None
    password: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


def expand_inputs(words: Iterable[str], manifest: Path | None, settings: Settings) -> list[Input]:
    """Every single input; a word that yields nothing becomes an input with a problem."""
    inputs = [single for word in words for single in _expand(word, settings)]
    if manifest is not None:
        inputs.extend(_read_manifest(manifest))
    if not inputs:
        raise UsageError("nothing to do: name a file, a folder, an s3:// URI, - or --manifest FILE")
    return inputs


def _expand(word: str, settings: Settings) -> Iterator[Input]:
    if word == STDIN:
        yield Input(word, "stdin")
    elif word.startswith("s3://"):
        yield from _expand_s3(word, settings)
    else:
        yield from _expand_path(word)


def _expand_path(word: str) -> Iterator[Input]:
    path = Path(word)
    if path.is_dir():
        yield from _or_problem(word, _documents_below(path), "holds no PDF or image")
    elif not _exists(path) and glob.has_magic(word):
        matches = [Path(name) for name in sorted(glob.glob(word, recursive=True))]  # noqa: PTH207  absolute and relative patterns
        files = [path for path in matches if not path.is_dir()]
        yield from _or_problem(word, files, "matches no file")
    else:
        yield Input(word, "file")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # too long or forbidden: opening it says why


def _documents_below(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return sorted(path for path in found if path.is_file())


def _or_problem(word: str, files: list[Path], complaint: str) -> Iterator[Input]:
    if not files:
        yield Input(word, "file", problem=NotADocument(f"{word} {complaint}"))
    for path in files:
        yield Input(str(path), "file")


def _expand_s3(word: str, settings: Settings) -> Iterator[Input]:
    if not word.endswith("/"):
        yield Input(word, "s3")
        return
    try:
        listed = [found.uri for found in list_uri(word, settings)]
    except PagefleetError as error:
        yield Input(word, "s3", problem=error)
        return
    uris = [uri for uri in listed if Path(uri).suffix.lower() in SUFFIXES]
    if not uris:
        yield Input(word, "s3", problem=NotADocument(f"{word} holds no PDF or image"))
    for uri in uris:
        yield Input(uri, "s3")


def _read_manifest(path: Path) -> Iterator[Input]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read the manifest {path}: {error}") from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield _manifest_input(f"{path}:{number}", line)


def _manifest_input(where: str, line: str) -> Input:
    try:
        parsed = ManifestLine(**_json_object(line))
    except ValueError as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise UsageError(f"{where}: not a line of a manifest: {reason}") from None
    given = parsed.model_dump(exclude={"uri"})
    kind: Literal["file", "s3"] = "s3" if parsed.uri.startswith("s3://") else "file"
    return Input(parsed.uri, kind, Overrides(**given))


def _json_object(line: str) -> dict[str, Any]:
    if len(line) > MAX_MANIFEST_LINE:
        raise ValueError(f"longer than {MAX_MANIFEST_LINE} characters")
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value
