"""A store that behaves like a remote one and logs its downloads, and documents in it."""

import hashlib
import time
from pathlib import Path

from shared.storage.store import ObjectStore
from shared.storage.store_file import FileStore

MEGABYTE = 1_000_000


class RemoteStore(FileStore):
    """A folder that behaves like a remote store and logs each download in a file."""

    def __init__(self, root: Path, delay_s: float = 0.0) -> None:
        super().__init__(root)
        self._log = root.parent / "downloads.log"
        self._delay_s = delay_s

    def local_path(self, key: str) -> Path | None:
        return None

    def download(self, key: str, path: Path) -> None:
        with self._log.open("a") as log:
            log.write(key + "\n")
        time.sleep(self._delay_s)
        super().download(key, path)

    @property
    def downloads(self) -> list[str]:
        """Keys in the order of their downloads by all processes."""
        return self._log.read_text().split() if self._log.exists() else []


def stored(store: ObjectStore, name: str, size: int = MEGABYTE) -> tuple[str, str, str, int]:
    """The arguments of ``fetch`` for a new document of ``size`` bytes."""
    data = name.encode() * size
    store.put(f"jobs/{name}/source.pdf", data[:size])
    return f"jobs/{name}/source.pdf", hashlib.sha256(data[:size]).hexdigest(), "pdf", size


def cached(folder: Path) -> set[str]:
    """Names of all files in the cache except the locks."""
    return {path.name for path in folder.iterdir() if path.is_file()}
