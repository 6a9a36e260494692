"""The source of a job as a local file, for files that need its pages."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.records.job import Manifest
from shared.storage.content_digest import VERIFIED
from shared.storage.store import ObjectStore


@contextmanager
def stored_source(store: ObjectStore, manifest: Manifest) -> Iterator[Path | None]:
    """The submitted document as a local file; None where the store no longer has it."""
    with tempfile.TemporaryDirectory(prefix="pagefleet-source-") as folder:
        try:
            path = _local(store, manifest, Path(folder))
            same = VERIFIED.matches(path, manifest.sha256)
        except (NotFound, OSError):
            same = False
        yield path if same else None


def _local(store: ObjectStore, manifest: Manifest, folder: Path) -> Path:
    """The stored document in place, or a copy of it in ``folder``; raises NotFound."""
    key = object_keys.source(manifest.job_id, manifest.source.key)
    local = store.local_path(key)
    if local is None:
        local = folder / "source"
        store.download(key, local)
    return local
