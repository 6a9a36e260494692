"""Reads ``--manifest FILE.jsonl`` line by line: each is a document with options of its own.

A line that can't be used becomes an input with a problem, so that it stops no other line.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import ValidationError

from producer.intake.input import Input, Overrides
from producer.intake.labels import check_labels
from shared.domain.collections.corpus_line import CorpusLine
from shared.domain.errors import BadLine, UsageError
from shared.storage.s3_address import split_s3

MAX_LINE_BYTES = 1_000_000
#: Characters of an error message; a line may repeat a megabyte of its own text in it.
MAX_MESSAGE = 500
_BOM = b"\xef\xbb\xbf"


def read_manifest(path: Path) -> Iterator[Input]:
    """An input for each line that is not empty; raises UsageError for a file it can't read."""
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    return _inputs(path, file)


def _inputs(path: Path, file: BinaryIO) -> Iterator[Input]:
    with file:
        for number, line in enumerate(_lines(path, file), start=1):
            if line is None or line.strip():
                yield _input(f"{path}:{number}", line)


def _lines(path: Path, file: BinaryIO) -> Iterator[bytes | None]:
    """Each line; None for one that is too long, of which little is held in memory."""
    try:
        line = file.readline(MAX_LINE_BYTES + 1).removeprefix(_BOM)
        while line:
            is_long = len(line) > MAX_LINE_BYTES
            yield None if is_long else line
            while is_long and not line.endswith(b"\n") and line:
                line = file.readline(MAX_LINE_BYTES)
            line = file.readline(MAX_LINE_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> UsageError:
    reason = getattr(error, "strerror", None) or "its name is not valid"
    return UsageError(f"can't read the manifest {path}: {reason}")


def _input(where: str, line: bytes | None) -> Input:
    try:
        parsed = _parsed(line)
        check_labels(parsed.labels)
        kind = _kind(parsed.uri)
    except UsageError as error:
        problem = BadLine(f"not a line of a manifest: {error.message[:MAX_MESSAGE]}")
        return Input(where, "file", problem=problem, where=where)
    overrides = Overrides(**parsed.model_dump(exclude={"uri", "schema_"}))
    return Input(parsed.uri, kind, overrides, where=where)


def _parsed(line: bytes | None) -> CorpusLine:
    if line is None:
        raise UsageError(f"longer than {MAX_LINE_BYTES} bytes")
    try:
        return CorpusLine.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        named = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{named}: {first['msg']}" if named else first["msg"]) from None


def _kind(uri: str) -> Literal["file", "s3"]:
    if not uri.startswith("s3://"):
        return "file"
    key = split_s3(uri)[1]
    if not key or key.endswith("/"):
        raise UsageError(f"{uri!r} is a prefix; a line must name one document")
    return "s3"
