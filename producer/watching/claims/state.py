"""The stored state of a watch, shared by all its watchers.

``claims/`` has one object per claimed version, ``open/`` one per claim that is not delivered.
The open claim is written before the claim and removed as the last step, so a watcher that
crashes leaves an open claim that another one adopts.
"""

from collections.abc import Iterator

from pydantic import ValidationError

from producer.watching.claims.key_claim import KeyClaim
from producer.watching.claims.old_claims import MAX_RECORD_BYTES, OldClaims
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.records.base import to_json
from shared.storage.store import ObjectStore


class WatchState:
    """Claims and open claims of one watch; thread-safe; raises StoreUnreachable."""

    def __init__(self, store: ObjectStore, watch_id: str) -> None:
        self._store = store
        self._id = watch_id
        self._old = OldClaims(store, watch_id)

    def stored_claim(self, claim: KeyClaim) -> KeyClaim | None:
        """The stored claim of this version, or None; replaces one of the old form."""
        stored = self._read(self._claim_key(claim))
        if stored is not None:
            return stored if stored.is_of(claim) else None
        old = self._old.claim(claim)
        if old is not None:
            self.update(old)
            self._old.remove(claim)
        return old

    def claim(self, claim: KeyClaim) -> bool:
        """Claim a version; True for exactly one of several watchers."""
        return self._store.put_new(self._claim_key(claim), to_json(claim))

    def update(self, claim: KeyClaim) -> None:
        """Store the outcome of a claim."""
        self._store.put(self._claim_key(claim), to_json(claim))

    def release(self, claim: KeyClaim) -> None:
        """Delete the claim, so that the same version can be claimed again."""
        self._store.delete([self._claim_key(claim)])
        self._old.remove(claim)

    def release_older(self, claim: KeyClaim) -> None:
        """Delete claims of other versions of the key, so that they can be claimed again."""
        prefix = object_keys.watch_claims(self._id, claim.key_digest)
        own_key = self._claim_key(claim)
        self._store.delete([key for key in self._store.list(prefix) if key != own_key])
        self._old.remove_all(claim)

    def digests(self) -> Iterator[tuple[str, str]]:
        """(key, version) of every claim of the new form, as digests; one request per thousand."""
        for name in self._store.list(object_keys.watch_claims(self._id)):
            parsed = object_keys.parse_watch_claim(name)
            if parsed is not None:
                yield parsed

    def open_keys(self) -> Iterator[str]:
        """Digests of the keys that have an open claim."""
        prefix = object_keys.watch_open(self._id)
        for name in self._store.list(prefix):
            yield name.removeprefix(prefix)
        yield from self._old.open_keys()

    def open_claim(self, digest: str) -> KeyClaim | None:
        """The stored open claim of one key, or None."""
        stored = self._read(object_keys.watch_open(self._id, digest))
        return stored if stored is not None else self._old.open_claim(digest)

    def write_open(self, claim: KeyClaim) -> None:
        """Store an open claim, which another watcher adopts if this one dies."""
        self._store.put(object_keys.watch_open(self._id, claim.key_digest), to_json(claim))

    def remove_open(self, claim: KeyClaim) -> None:
        """Delete the open claim; the last step of its work."""
        self._store.delete([object_keys.watch_open(self._id, claim.key_digest)])
        self._old.remove_open(claim)

    def _claim_key(self, claim: KeyClaim) -> str:
        return object_keys.watch_claims(self._id, claim.key_digest, claim.version_digest)

    def _read(self, key: str) -> KeyClaim | None:
        try:
            return KeyClaim.model_validate_json(self._store.get(key, MAX_RECORD_BYTES))
        except (NotFound, ValidationError):
            # An unreadable claim is the same as none: its work is repeated with the same result.
            return None
