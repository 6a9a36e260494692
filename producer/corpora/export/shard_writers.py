"""Writes the rows of one shard into an open file."""

from pkgutil import resolve_name
from typing import BinaryIO, Protocol

from producer.corpora.export.documents import Row
from shared.config.hardware import has_package
from shared.document.exports.jsonl import json_line
from shared.domain.collections.export_records import ShardFormat
from shared.domain.errors import UsageError


class ShardWriter(Protocol):
    """Writes rows in a format."""

    def add(self, row: Row) -> None:
        """Write one document."""
        ...

    @property
    def bytes(self) -> int:
        """About how many bytes the file has; rows that wait in memory are counted too."""
        ...

    def close(self) -> None:
        """Write what is left; the file stays open."""
        ...


class JsonlWriter:
    """One line of JSON for each document."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.bytes = 0

    def add(self, row: Row) -> None:
        """See ShardWriter."""
        self.bytes += self._file.write(json_line(row))

    def close(self) -> None:
        """See ShardWriter."""


def check_format(name: ShardFormat) -> None:
    """Raise UsageError where the package of a format is missing; loads nothing."""
    if name == "parquet" and not has_package("pyarrow"):
        raise UsageError(
            "--format parquet needs a package that is not installed: "
            "pip install 'pagefleet[parquet]'"
        )


def shard_writer(name: ShardFormat, file: BinaryIO) -> ShardWriter:
    """The writer of a format."""
    if name == "jsonl":
        return JsonlWriter(file)
    # Loaded only here: pyarrow is large, and an extra of the package installs it.
    writer: ShardWriter = resolve_name("producer.corpora.export.parquet_writer:ParquetWriter")(file)
    return writer
