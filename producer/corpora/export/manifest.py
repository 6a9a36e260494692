"""Writes the manifest and the checksums of an export from the receipts, with little in memory."""

import hashlib
import json
import tempfile
from typing import IO

from producer.corpora.export.shards import receipt_of
from shared.domain.collections.export_records import ShardFormat, ShardReceipt
from shared.domain.errors import PagefleetError
from shared.domain.harmless_json import harmless_json
from shared.storage.store import ObjectStore

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"


def write_manifest(
    name: str, target: ObjectStore, format_: ShardFormat, shards: int, documents: int
) -> tuple[int, int]:
    """Write both files; returns the numbers of rows and of failed documents.

    Raises PagefleetError unless rows and failures are all documents.
    """
    rows = failed = 0
    sums = ""
    with tempfile.TemporaryFile(prefix="pagefleet-") as out:
        head = {"schema": 1, "collection": name, "format": format_, "documents": documents}
        _write(out, json.dumps(head)[:-1] + ', "shards": [')
        separator = ""
        for number in range(shards):
            file = _receipt(target, number).file
            if file is not None:
                _write(out, f"{separator}\n{file.model_dump_json()}")
                separator = ","
                rows += file.rows
                sums += f"{file.sha256}  {file.file}\n"
        _write(out, '\n], "failures": [')
        separator = ""
        for number in range(shards):
            for failure in _receipt(target, number).failures:
                _write(out, f"{separator}\n{failure.model_dump_json()}")
                separator = ","
                failed += 1
        _write(out, f'\n], "rows": {rows}, "failed": {failed}}}\n')
        if rows + failed != documents:
            raise PagefleetError(
                f"the export has {rows} rows and {failed} failures for {documents} documents; "
                "remove its folder and export again"
            )
        target.put(SUMS, sums.encode())
        _store(target, out)
    return rows, failed


def _receipt(target: ObjectStore, number: int) -> ShardReceipt:
    receipt = receipt_of(target, number)
    if receipt is None:
        raise PagefleetError(f"the receipt of shard {number} was removed; export again")
    return receipt


def _write(out: IO[bytes], text: str) -> None:
    out.write(harmless_json(text.encode()))


def _store(target: ObjectStore, out: IO[bytes]) -> None:
    out.seek(0)
    sha256 = hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type]
    out.seek(0)
    target.put_file(MANIFEST, out, sha256)  # type: ignore[arg-type]
