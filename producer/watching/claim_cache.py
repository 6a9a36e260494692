"""What this process remembers of claims, so that an idle look costs no request."""

import threading

from producer.watching.digest_map import DigestMap, key_digest, version_digest
from producer.watching.folder_options import OptionFiles
from producer.watching.places.place import Dropped
from producer.watching.state import Claim, WatchState


class ClaimCache:
    """Claims that stay for good; thread-safe."""

    def __init__(self, options: OptionFiles, base_options: str) -> None:
        self._options = options
        self._base = base_options
        self._versions = DigestMap()
        self._lock = threading.Lock()

    def load(self, state: WatchState) -> int:
        """Read the names of all claims; returns how many."""
        with self._lock:
            self._versions = DigestMap(state.digests())
            return len(self._versions)

    def has(self, found: Dropped) -> bool:
        """Whether this very object was dealt with, as far as is known without a request."""
        options = self.digest(self._options.remembered(found.key).digest())
        with self._lock:
            return self._versions.has(key_digest(found.key), version_digest(found.mark, options))

    def has_claim(self, claim: Claim) -> bool:
        """Whether this version is what was claimed last of its key."""
        with self._lock:
            return self._versions.has(claim.key_digest, claim.version_digest)

    def add(self, claim: Claim, found: Dropped) -> None:
        """The object needs nothing more, as long as it stays as it is."""
        with self._lock:
            self._versions.add(claim.key_digest, version_digest(found.mark, claim.options))

    def forget(self, claim: Claim) -> None:
        """The key is new again."""
        with self._lock:
            self._versions.forget(claim.key_digest)

    def digest(self, folder_options: str) -> str:
        """The digest of all page options asked for: the command line's and the folder's."""
        return f"{self._base}{'+' if self._base and folder_options else ''}{folder_options}"
