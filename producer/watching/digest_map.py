"""Which version of each key was claimed, for a million keys in little memory."""

import hashlib
from collections.abc import Iterable

import numpy as np

KEY_BYTES = 10
VERSION_BYTES = 6
_ROW = KEY_BYTES + VERSION_BYTES
#: News kept apart until they are sorted in; a dictionary entry costs ten times a row.
FRESH = 50_000


def key_digest(key: str) -> str:
    """20 hex digits that stand for a key."""
    return hashlib.sha256(key.encode()).hexdigest()[: 2 * KEY_BYTES]


def version_digest(version: str, options: str) -> str:
    """12 hex digits that stand for one version of a key, asked for with these options."""
    return hashlib.sha256(f"{version}\n{options}".encode()).hexdigest()[: 2 * VERSION_BYTES]


class DigestMap:
    """A map from key to its newest claimed version; 16 bytes a key, not thread-safe."""

    def __init__(self, digests: Iterable[tuple[str, str]] = ()) -> None:
        self._rows = np.empty(0, dtype=f"S{_ROW}")
        self._fresh: dict[bytes, bytes] = {}
        for key, version in digests:
            self.add(key, version)

    def __len__(self) -> int:
        self._settle()
        return len(self._rows)

    def has(self, key: str, version: str) -> bool:
        """Whether ``version`` is what was claimed last of ``key`` (both as digests)."""
        return self._version(bytes.fromhex(key)) == bytes.fromhex(version)

    def add(self, key: str, version: str) -> None:
        """Remember a claim."""
        self._fresh[bytes.fromhex(key)] = bytes.fromhex(version)
        if len(self._fresh) >= FRESH:
            self._settle()

    def forget(self, key: str) -> None:
        """The key is new again."""
        self._fresh[bytes.fromhex(key)] = b""

    def _version(self, key: bytes) -> bytes:
        fresh = self._fresh.get(key)
        if fresh is not None:
            return fresh
        place = int(np.searchsorted(self._rows, key))
        if place == len(self._rows):
            return b""
        # numpy takes zeros off the end of a row.
        row = bytes(self._rows[place]).ljust(_ROW, b"\0")
        return row[KEY_BYTES:] if row[:KEY_BYTES] == key else b""

    def _settle(self) -> None:
        if not self._fresh:
            return
        joined = [key + version for key, version in self._fresh.items() if version]
        news = np.array(joined, dtype=self._rows.dtype)
        stale = np.array(list(self._fresh), dtype=f"S{KEY_BYTES}")
        old = self._rows[~np.isin(self._rows.astype(f"S{KEY_BYTES}"), stale)]
        self._rows = np.sort(np.concatenate([old, news]))
        self._fresh.clear()
