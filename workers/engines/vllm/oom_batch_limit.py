"""What an engine that died of memory teaches the next one: a smaller batch."""

import hashlib
import json
import logging
import os
from pathlib import Path

from shared.storage.durable_write import DurableWriter

log = logging.getLogger("pagefleet.engine")


class Lessons:
    """Files in the private folder: the engine's last words, and the batch that it can bear."""

    def __init__(self, home: Path, model: str, place: str) -> None:
        """``place`` names the GPU or GPUs, so that a small one does not slow a large one."""
        digest = hashlib.sha256(f"{model}|{place}".encode()).hexdigest()[:12]
        folder = home / "engine"
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = DurableWriter(folder / "tmp")
        self.trouble = folder / f"{digest}.trouble.json"
        self._limit = folder / f"{digest}.limit.json"

    @property
    def limit(self) -> int | None:
        """The largest batch that was not too large; None where none was."""
        found = _read(self._limit).get("batch")
        return found if isinstance(found, int) and found > 0 else None

    def begin(self) -> None:
        """Forget the last words of an earlier engine, and tell the next one whose it is."""
        self.trouble.write_text(json.dumps({"owner": os.getpid()}), "utf-8")

    def last_words(self) -> str | None:
        """What the engine said before it died, if anything."""
        words = _read(self.trouble).get("error")
        return None if words is None else str(words)

    def learn(self, batch: int) -> str:
        """Why the engine died, in words; a death of memory halves ``batch`` for the next one."""
        words = _read(self.trouble)
        reason = str(words.get("error", "it ended without a word"))
        if words.get("memory") is not True:
            return reason
        smaller = max(1, batch // 2)
        text = json.dumps({"batch": smaller}).encode()
        self._writer.replace(self._limit, lambda file: file.write(text))
        log.warning(
            "the engine ran out of GPU memory with a batch of %d pages; from now on %d (%s "
            "remembers it; remove it to try again)",
            batch, smaller, self._limit,
        )  # fmt: skip
        return f"out of GPU memory with a batch of {batch} pages; the next engine takes {smaller}"


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
