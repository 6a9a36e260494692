"""Writes the state of a watch as version 0.1.0 did."""

import hashlib

from producer.watching.claims.key_claim import KeyClaim
from shared.domain.records.base import to_json
from shared.storage.store import ObjectStore


def old_digest(text: str, digits: int) -> str:
    """A digest of version 0.1.0."""
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def write_old_claim(store: ObjectStore, watch_id: str, claim: KeyClaim, *, is_open: bool) -> None:
    """Store a claim, whose options are a digest of 12 digits or "", in the old form."""
    key = old_digest(claim.key, 20)
    version = old_digest(f"{claim.version}\n{claim.options}", 12)
    store.put(f"watch/{watch_id[:16]}/claims/{key[:2]}/{key}-{version}", to_json(claim))
    if is_open:
        store.put(f"watch/{watch_id[:16]}/open/{key}", to_json(claim))
