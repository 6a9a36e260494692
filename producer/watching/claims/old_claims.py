"""Claims as version 0.1.0 wrote them: with shorter digests, under a shorter id of the watch.

They are read so that an upgraded watcher converts nothing again. Each is compared in full, because
its name could collide, and is replaced by a claim of the new form when its object is scanned.
Remove this module in the release that no longer supports an upgrade from 0.1.0.
"""

import hashlib
from collections.abc import Iterator

from pydantic import ValidationError

from producer.watching.claims.key_claim import KeyClaim
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.storage.store import ObjectStore

MAX_RECORD_BYTES = 64 * 1024
#: Hex digits of the digests in old object names: of the watch, the key, and version and options.
_ID_DIGITS = 16
_KEY_DIGITS = 20
_VERSION_DIGITS = 12
#: Hex digits of each part of the options in an old claim.
_OPTIONS_DIGITS = 12


def old_options(options: str) -> str:
    """The digest of the same options in the old form."""
    return "+".join(part[:_OPTIONS_DIGITS] for part in options.split("+"))


class OldClaims:
    """The old state of a watch; costs no requests where there is none; thread-safe."""

    def __init__(self, store: ObjectStore, watch_id: str) -> None:
        self._store = store
        self._id = watch_id[:_ID_DIGITS]
        self._has_claims_cached: bool | None = None

    def claim(self, claim: KeyClaim) -> KeyClaim | None:
        """The stored claim of this version in the new form, or None."""
        if not self._has_claims():
            return None
        stored = self._read(self._claim_key(claim))
        if stored is None or stored.options != old_options(claim.options):
            return None
        renewed = stored.model_copy(update={"options": claim.options})
        return renewed if renewed.is_of(claim) else None

    def open_keys(self) -> Iterator[str]:
        """Digests of the keys with an old open claim."""
        if self._has_claims():
            prefix = object_keys.watch_open(self._id)
            for name in self._store.list(prefix):
                yield name.removeprefix(prefix)

    def open_claim(self, digest: str) -> KeyClaim | None:
        """The old open claim of the key with this old or new digest, or None."""
        if not self._has_claims():
            return None
        return self._read(object_keys.watch_open(self._id, digest[:_KEY_DIGITS]))

    def remove(self, claim: KeyClaim) -> None:
        """Delete the old claim of this version."""
        if self._has_claims():
            self._store.delete([self._claim_key(claim)])

    def remove_all(self, claim: KeyClaim) -> None:
        """Delete the old claims of all versions of the key."""
        if self._has_claims():
            digest = claim.key_digest[:_KEY_DIGITS]
            self._store.delete(list(self._store.list(object_keys.watch_claims(self._id, digest))))

    def remove_open(self, claim: KeyClaim) -> None:
        """Delete the old open claim of the key."""
        if self._has_claims():
            name = object_keys.watch_open(self._id, claim.key_digest[:_KEY_DIGITS])
            self._store.delete([name])

    def _has_claims(self) -> bool:
        if self._has_claims_cached is None:
            prefix = object_keys.watch(self._id)
            self._has_claims_cached = next(self._store.list(prefix, limit=1), None) is not None
        return self._has_claims_cached

    def _claim_key(self, claim: KeyClaim) -> str:
        text = f"{claim.version}\n{old_options(claim.options)}"
        version = hashlib.sha256(text.encode()).hexdigest()[:_VERSION_DIGITS]
        return object_keys.watch_claims(self._id, claim.key_digest[:_KEY_DIGITS], version)

    def _read(self, key: str) -> KeyClaim | None:
        try:
            return KeyClaim.model_validate_json(self._store.get(key, MAX_RECORD_BYTES))
        except (NotFound, ValidationError):
            return None
