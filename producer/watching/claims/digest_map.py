"""A map from key digest to version digest that needs little memory for a million keys."""

import hashlib
from collections.abc import Iterable

import numpy as np

#: Who puts a file into the inbox chooses its name and content, so shorter digests could be made
#: to collide.
KEY_BYTES = 16
VERSION_BYTES = 16
_ROW_BYTES = KEY_BYTES + VERSION_BYTES
#: Changes are kept in a dictionary up to this number, then sorted into the array of rows. A
#: dictionary entry needs six times the memory of a row.
MAX_CHANGES = 50_000


def key_digest(key: str) -> str:
    """32 hex digits that identify a key."""
    return hashlib.sha256(key.encode()).hexdigest()[: 2 * KEY_BYTES]


def version_digest(version: str, options: str) -> str:
    """32 hex digits that identify one version of a key together with its page options."""
    return hashlib.sha256(f"{version}\n{options}".encode()).hexdigest()[: 2 * VERSION_BYTES]


class DigestMap:
    """The newest version of each key; 32 bytes per key; not thread-safe."""

    def __init__(self, digests: Iterable[tuple[str, str]] = ()) -> None:
        #: Key and version in one string per row, sorted.
        self._rows = np.empty(0, dtype=f"S{_ROW_BYTES}")
        #: Version by key; an empty version means that the key was removed.
        self._changes: dict[bytes, bytes] = {}
        for key, version in digests:
            self.set(key, version)

    def __len__(self) -> int:
        """The number of keys; sorts the changes into the rows first, to count each key once."""
        self._merge_changes()
        return len(self._rows)

    def is_newest(self, key: str, version: str) -> bool:
        """Whether ``version`` is the newest of ``key`` (both as digests)."""
        return self._version(bytes.fromhex(key)) == bytes.fromhex(version)

    def set(self, key: str, version: str) -> None:
        """Set the newest version of a key."""
        self._changes[bytes.fromhex(key)] = bytes.fromhex(version)
        if len(self._changes) >= MAX_CHANGES:
            self._merge_changes()

    def remove(self, key: str) -> None:
        """Remove a key."""
        self._changes[bytes.fromhex(key)] = b""

    def _version(self, key: bytes) -> bytes:
        changed = self._changes.get(key)
        if changed is not None:
            return changed
        index = int(np.searchsorted(self._rows, key))
        if index == len(self._rows):
            return b""
        # numpy strips zero bytes from the end of a row.
        row = bytes(self._rows[index]).ljust(_ROW_BYTES, b"\0")
        return row[KEY_BYTES:] if row[:KEY_BYTES] == key else b""

    def _merge_changes(self) -> None:
        if not self._changes:
            return
        rows = [key + version for key, version in self._changes.items() if version]
        new = np.array(rows, dtype=self._rows.dtype)
        # numpy strips zero bytes from the end, so both sides of isin have the same type.
        changed = np.array(list(self._changes), dtype=f"S{KEY_BYTES}")
        unchanged = self._rows[~np.isin(self._rows.astype(f"S{KEY_BYTES}"), changed)]
        self._rows = np.sort(np.concatenate([unchanged, new]))
        self._changes.clear()
