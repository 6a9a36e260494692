"""The work that this watcher holds, bounded, one version of a key at a time."""

import threading
import time
from dataclasses import dataclass, field
from typing import Literal

from producer.watching.places.place import Dropped
from producer.watching.state import Claim
from shared.broker.key_leases import KeyLeases
from shared.domain.errors import BrokerUnreachable
from shared.domain.records import Manifest

Stage = Literal["recording", "tracking", "finalizing"]
#: Seconds between looks at one job: at first, and at most.
FIRST_LOOK_S = 0.2
LAST_LOOK_S = 2.0


@dataclass
class OpenClaim:
    """One claim on its way; changed only under the table's lock or by the stage's owner."""

    claim: Claim
    stage: Stage = "recording"
    found: Dropped | None = None
    manifest: Manifest | None = None
    due: float = 0.0
    wait_s: float = FIRST_LOOK_S
    #: What the status file says, so that it is written only when that changes.
    told: bytes = b""
    told_at: float = field(default_factory=lambda: float("-inf"))


class OpenClaims:
    """Items by key; thread-safe. Holds are kept by ``keep_alive``, called now and then."""

    def __init__(self, leases: KeyLeases, watch_id: str, most: int) -> None:
        self._leases = leases
        self._watch_id = watch_id
        self._most = most
        self._open_claims: dict[str, OpenClaim] = {}
        self._changed = threading.Condition()

    @property
    def lease_s(self) -> float:
        """How long a key is held without a renewal."""
        return self._leases.seconds

    def __len__(self) -> int:
        return len(self._open_claims)

    def wait_for_room(self, stop: threading.Event) -> bool:
        """Wait until there is room for one more; False where the watcher stops."""
        with self._changed:
            while len(self._open_claims) >= self._most and not stop.is_set():
                self._changed.wait(0.5)
        return not stop.is_set()

    def is_full(self) -> bool:
        """Whether there is no room."""
        return len(self._open_claims) >= self._most

    def try_open(self, claim: Claim) -> OpenClaim | None:
        """Hold the key for this version; None where it is held already.

        An older version whose job is merely waited for is given up. Raises BrokerUnreachable.
        """
        with self._changed:
            open_claim = self._open_claims.get(claim.key_digest)
            if open_claim is not None and open_claim.stage != "tracking":
                return None
            mine = OpenClaim(claim)
            self._open_claims[claim.key_digest] = mine
        try:
            held = self._leases.take(self._name(claim.key_digest))
        except BrokerUnreachable:
            self._forget(mine)
            raise
        if not held:
            self._forget(mine)
        return mine if held else None

    def track(self, open_claim: OpenClaim, claim: Claim, manifest: Manifest) -> None:
        """The job is recorded: from now on its end is waited for."""
        with self._changed:
            open_claim.claim, open_claim.manifest = claim, manifest
            open_claim.stage = "tracking"

    def due(self) -> list[OpenClaim]:
        """Items to look at now; each is put off until its next look."""
        now = time.monotonic()
        with self._changed:
            found = [
                i for i in self._open_claims.values() if i.stage == "tracking" and i.due <= now
            ]
            for open_claim in found:
                open_claim.due = now + open_claim.wait_s
                open_claim.wait_s = min(open_claim.wait_s * 1.5, LAST_LOOK_S)
        return found

    def start_finalizing(self, open_claim: OpenClaim) -> bool:
        """Take the item for delivery; False where a newer version has its place."""
        with self._changed:
            if (
                self._open_claims.get(open_claim.claim.key_digest) is not open_claim
                or open_claim.stage != "tracking"
            ):
                return False
            open_claim.stage = "finalizing"
            return True

    def retry_later(self, open_claim: OpenClaim, wait_s: float) -> None:
        """Delivery did not work out: look again later."""
        with self._changed:
            open_claim.stage, open_claim.due = "tracking", time.monotonic() + wait_s

    def close(self, open_claim: OpenClaim) -> None:
        """Nothing is left to do here; others may have the key."""
        self._forget(open_claim)
        try:
            self._leases.let_go(self._name(open_claim.claim.key_digest))
        except BrokerUnreachable:
            return  # the lease runs out by itself

    def has(self, digest: str, mark: str | None = None) -> bool:
        """Whether the key is held here (with ``mark``: as this look found it)."""
        open_claim = self._open_claims.get(digest)
        if open_claim is None:
            return False
        return mark is None or (open_claim.found is not None and open_claim.found.mark == mark)

    def renew_leases(self) -> None:
        """Prolong all leases; what was lost is somebody else's now."""
        with self._changed:
            names = {
                self._name(digest): open_claim for digest, open_claim in self._open_claims.items()
            }
        kept = set(self._leases.keep(names))
        for name, open_claim in names.items():
            if name not in kept:
                self._forget(open_claim)

    def _forget(self, open_claim: OpenClaim) -> None:
        with self._changed:
            if self._open_claims.get(open_claim.claim.key_digest) is open_claim:
                del self._open_claims[open_claim.claim.key_digest]
                self._changed.notify_all()

    def _name(self, digest: str) -> str:
        return f"watch:{self._watch_id}:{digest}"
