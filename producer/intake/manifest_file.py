"""Reads ``--manifest FILE.jsonl``: one JSON object per line, a document with its own options."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from producer.intake.input import Input, Overrides
from producer.intake.labels import check_labels
from shared.domain.errors import UsageError
from shared.domain.records import Priority
from shared.storage.s3_address import split_s3

MAX_LINE_CHARACTERS = 1_000_000
NonEmpty = Annotated[str, Field(min_length=1)]


class ManifestLine(BaseModel):
    """One line; a missing key leaves the option of the command line."""

    model_config = ConfigDict(extra="forbid")

    uri: NonEmpty
    task: NonEmpty | None = None
    pages: NonEmpty | None = None
    priority: Priority | None = None
    password: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)


def read_manifest(path: Path) -> Iterator[Input]:
    """An input for each line that is not empty; raises UsageError, which names the line."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"can't read the manifest {path}: {reason}") from None
    # Not splitlines(): JSON strings may contain other line separators.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _input(f"{path}:{number}", line)


def _input(where: str, line: str) -> Input:
    try:
        parsed = _parsed(line)
        check_labels(parsed.labels)
        kind = _kind(parsed.uri)
    except ValidationError as error:
        first = error.errors()[0]
        named = ".".join(str(part) for part in first["loc"])
        reason = f"{named}: {first['msg']}" if named else first["msg"]
        raise UsageError(f"{where}: not a line of a manifest: {reason}") from None
    except UsageError as error:
        raise UsageError(f"{where}: {error.message}") from None
    return Input(parsed.uri, kind, Overrides(**parsed.model_dump(exclude={"uri"})))


def _parsed(line: str) -> ManifestLine:
    if len(line) > MAX_LINE_CHARACTERS:
        raise UsageError(f"longer than {MAX_LINE_CHARACTERS} characters")
    return ManifestLine.model_validate_json(line)


def _kind(uri: str) -> Literal["file", "s3"]:
    if not uri.startswith("s3://"):
        return "file"
    key = split_s3(uri)[1]
    if not key or key.endswith("/"):
        raise UsageError(f"{uri!r} is a prefix; a line must name one document")
    return "s3"
