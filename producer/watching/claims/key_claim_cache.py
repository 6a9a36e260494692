"""An in-memory copy of the stored claims, so that a scan without news needs no request."""

import threading

from producer.watching.claims.digest_map import DigestMap, key_digest, version_digest
from producer.watching.claims.key_claim import KeyClaim
from producer.watching.claims.state import WatchState
from producer.watching.folder_options import OptionFiles
from producer.watching.places.place import Dropped


class KeyClaimCache:
    """The finished claims of a watch; thread-safe."""

    def __init__(self, options: OptionFiles, base_options: str) -> None:
        self._options = options
        self._base_options = base_options
        self._versions = DigestMap()
        self._lock = threading.Lock()

    def load(self, state: WatchState) -> int:
        """Read the names of all stored claims; returns their number."""
        with self._lock:
            self._versions = DigestMap(state.digests())
            return len(self._versions)

    def has(self, dropped: Dropped) -> bool:
        """Whether this version of the object is known to be finished; makes no request."""
        folder_options = self._options.cached(dropped.key).digest()
        version = version_digest(dropped.mark, self.options_digest(folder_options))
        with self._lock:
            return self._versions.is_newest(key_digest(dropped.key), version)

    def has_claim(self, claim: KeyClaim) -> bool:
        """Whether this version is the newest finished one of its key."""
        with self._lock:
            return self._versions.is_newest(claim.key_digest, claim.version_digest)

    def add(self, claim: KeyClaim, dropped: Dropped) -> None:
        """The object needs no work until it changes."""
        with self._lock:
            self._versions.set(claim.key_digest, version_digest(dropped.mark, claim.options))

    def forget(self, claim: KeyClaim) -> None:
        """Treat any object of this key as new."""
        with self._lock:
            self._versions.remove(claim.key_digest)

    def options_digest(self, folder_options: str) -> str:
        """The digest of all page options: those of the command line and of the folder."""
        plus = "+" if self._base_options and folder_options else ""
        return f"{self._base_options}{plus}{folder_options}"
