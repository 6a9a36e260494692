"""Writes rows as Parquet with the columns of the JSON lines."""

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from producer.corpora.export.documents import Row

_TEXT, _COUNT, _PAGES = pa.string(), pa.int64(), pa.list_(pa.int64())
_METADATA = pa.struct(
    [
        ("Source-File", _TEXT),
        ("sha256", _TEXT),
        ("pdf-total-pages", _COUNT),
        ("status", _TEXT),
        ("engine", _TEXT),
        ("model", _TEXT),
        ("total-input-tokens", _COUNT),
        ("total-output-tokens", _COUNT),
        ("blank-pages", _PAGES),
        ("failed-pages", _PAGES),
    ]
)
SCHEMA = pa.schema(
    [
        ("id", _TEXT),
        # Offsets of 64 bits: the texts of a row group may have more than two gigabytes.
        ("text", pa.large_string()),
        ("source", _TEXT),
        ("added", _TEXT),
        ("created", _TEXT),
        ("metadata", _METADATA),
        ("attributes", pa.struct([("pdf_page_numbers", pa.list_(_PAGES))])),
    ]
)
#: Characters of text and rows that wait in memory for their row group.
GROUP_CHARACTERS = 16 << 20
GROUP_ROWS = 2_000


class ParquetWriter:
    """See ShardWriter."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._writer = pq.ParquetWriter(file, SCHEMA, compression="zstd")
        self._rows: list[Row] = []
        self._characters = 0

    def add(self, row: Row) -> None:
        """See ShardWriter."""
        self._rows.append(row)
        self._characters += len(row["text"])
        if self._characters >= GROUP_CHARACTERS or len(self._rows) >= GROUP_ROWS:
            self._write_group()

    @property
    def bytes(self) -> int:
        """See ShardWriter."""
        return self._file.tell() + self._characters

    def close(self) -> None:
        """See ShardWriter."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
        self._rows, self._characters = [], 0
