"""The protocol of the object store: named bytes with atomic writes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol


class ObjectStore(Protocol):
    """Named bytes with atomic writes; synchronous and thread-safe.

    Keys are relative to the store's root and checked by ``shared.domain.object_keys.check_key``
    (UsageError). Where the store can't be reached or written they raise StoreUnreachable.
    """

    #: Where the store is, without credentials.
    url: str

    def get(self, key: str, limit: int | None = None) -> bytes:
        """The whole object; raises NotFound, or TooLarge above ``limit`` bytes."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write or replace; a reader sees the old object or the new one, never a part."""
        ...

    def put_new(self, key: str, data: bytes) -> bool:
        """Create, durable on return; False where the key exists already.

        Exactly one of several racing callers gets True. A caller whose answer was lost on
        the network may get False although its own bytes are stored, so after False it must
        read the object.
        """
        ...

    def put_file(self, key: str, file: Path | BinaryIO, sha256: str) -> None:
        """Like ``put`` with the contents of a local file of any size, which may be open.

        Raises NotADocument, and leaves the object as it was, where the file's bytes do not have
        the digest ``sha256`` (lower-case hex).
        """
        ...

    def download(self, key: str, path: Path) -> None:
        """Write the object to ``path``, which appears complete or not at all."""
        ...

    def local_path(self, key: str) -> Path | None:
        """Where the object lies on this machine, for reading; None for a remote store.

        The file need not exist.
        """
        ...

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        ...

    def size(self, key: str) -> int:
        """Bytes of the object; raises NotFound."""
        ...

    def list(self, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[str]:
        """Keys that begin with ``prefix``, in the order of their UTF-8 bytes, streamed.

        Only keys greater than ``start_after``, at most ``limit`` of them. Some services
        (SeaweedFS) order "a/" before "a-2/", so don't skip over folders with ``start_after``.
        """
        ...

    def stamped(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Like ``list``, each key with a stamp that changes with the object's bytes.

        The stamp may also change where equal bytes are written again.
        """
        ...

    def folders(self, prefix: str) -> Iterator[str]:
        """The names between ``prefix`` (empty or with a final slash) and the next slash, sorted.

        For "jobs/" these are the job ids, found without listing the jobs' objects.
        """
        ...

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects in batches; missing ones are ignored."""
        ...

    def copy_from(self, uri: str, key: str, etag: str | None = None) -> bool:
        """Copy ``uri`` within the store's own service, without downloading it.

        False where the service can't do that, or where the object is no longer the version
        ``etag``; the caller then uploads its own copy.
        """
        ...

    def check(self) -> None:
        """A cheap probe; raises StoreUnreachable with advice within seconds."""
        ...
