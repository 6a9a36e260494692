"""The remembered batch size of an engine that ran out of GPU memory."""

import hashlib
import json
import logging
from pathlib import Path

from shared.config.private_files import make_private_folder
from shared.storage.durable_write import DurableWriter
from workers.engines.vllm.crash_report import read_json

log = logging.getLogger("pagefleet.engine")


class OomBatchLimit:
    """Kept in a file of the private folder; a new engine starts with the smaller batch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = DurableWriter(path.parent / "tmp", private=True)

    @property
    def limit(self) -> int | None:
        """The largest batch that has not run out of memory; None if none has."""
        batch = read_json(self._path).get("batch")
        return batch if isinstance(batch, int) and batch > 0 else None

    def halve(self, batch: int) -> int:
        """Remember half of ``batch`` as the limit, and return it."""
        smaller = max(1, batch // 2)
        text = json.dumps({"batch": smaller}).encode()
        self._writer.replace(self._path, lambda file: file.write(text))
        log.warning(
            "the engine ran out of GPU memory with a batch of %d pages; the limit is now %d "
            "(stored in %s; remove the file to reset it)",
            batch, smaller, self._path,
        )  # fmt: skip
        return smaller


def engine_file(home: Path, model: str, place: str, kind: str) -> Path:
    """The file ``kind`` of one model on one GPU; creates its folder.

    ``place`` names the GPU or GPUs, so that the limit of a small one does not apply to a large one.
    """
    digest = hashlib.sha256(f"{model}|{place}".encode()).hexdigest()[:12]
    folder = home / "engine"
    make_private_folder(folder)
    return folder / f"{digest}.{kind}.json"
