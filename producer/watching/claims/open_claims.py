"""The open claims of this watcher: a bounded table with one version per key."""

import threading
import time
from dataclasses import dataclass, field
from typing import Literal

from producer.watching.claims.key_claim import KeyClaim
from producer.watching.folder_turns import may_take, top_folder
from producer.watching.places.place import Dropped
from shared.broker.key_leases import KeyLeases
from shared.domain.errors import BrokerUnreachable
from shared.domain.records.job import Manifest

Stage = Literal["recording", "tracking", "finalizing"]
#: Seconds between polls of one job: at first, and at most.
FIRST_POLL_S = 0.2
LAST_POLL_S = 2.0
#: Growth of that time after each poll.
POLL_GROWTH = 1.5


@dataclass
class OpenClaim:
    """A claim in work; changed only under the table's lock or by the stage's thread."""

    claim: KeyClaim
    stage: Stage = "recording"
    #: The source as it was seen last; None where the claimed version is gone.
    dropped: Dropped | None = None
    manifest: Manifest | None = None
    due: float = 0.0
    opened_at: float = field(default_factory=time.monotonic)
    wait_s: float = FIRST_POLL_S
    #: Content of the status file, so that it is written only when it changes.
    status: bytes = b""
    status_written_at: float = field(default_factory=lambda: float("-inf"))


class OpenClaims:
    """Open claims by key; thread-safe. Each has a key lease, which ``renew_leases`` renews."""

    def __init__(self, leases: KeyLeases, watch_id: str, max_open: int) -> None:
        self._leases = leases
        self._watch_id = watch_id
        self._max_open = max_open
        self._open_claims: dict[str, OpenClaim] = {}
        self._changed = threading.Condition()

    @property
    def lease_s(self) -> float:
        """How long a lease lasts without a renewal."""
        return self._leases.seconds

    def __len__(self) -> int:
        return len(self._open_claims)

    def oldest_s(self) -> float:
        """Seconds since the oldest of these claims was opened here; 0 where there is none."""
        with self._changed:
            opened = [each.opened_at for each in self._open_claims.values()]
        return max(0.0, time.monotonic() - min(opened)) if opened else 0.0

    def has_room(self, folder: str, own_starting: int = 0, starting: int = 0) -> bool:
        """Whether one more claim of this top-level folder may be open.

        ``starting`` claims are about to be opened, ``own_starting`` of them in this folder.
        """
        with self._changed:
            own = sum(top_folder(each.claim.key) == folder for each in self._open_claims.values())
            used = len(self._open_claims) + starting
            return may_take(own + own_starting, used, self._max_open)

    def try_open(self, claim: KeyClaim) -> OpenClaim | None:
        """Lease the key for this version.

        None where a thread or watcher has the key, or where its folder has no room.

        Replaces an older version of the key that is in stage "tracking". Raises
        BrokerUnreachable.
        """
        with self._changed:
            current = self._open_claims.get(claim.key_digest)
            if current is not None and current.stage != "tracking":
                return None
            if current is None and not self.has_room(top_folder(claim.key)):
                return None
            open_claim = OpenClaim(claim)
            self._open_claims[claim.key_digest] = open_claim
        try:
            leased = self._leases.take(self._name(claim.key_digest))
        except BrokerUnreachable:
            self._remove(open_claim)
            raise
        if not leased:
            self._remove(open_claim)
        return open_claim if leased else None

    def track(self, open_claim: OpenClaim, claim: KeyClaim, manifest: Manifest) -> None:
        """The job is recorded: poll it from now on."""
        with self._changed:
            open_claim.claim, open_claim.manifest = claim, manifest
            open_claim.stage = "tracking"

    def due(self) -> list[OpenClaim]:
        """Claims whose jobs are to be polled now; schedules their next poll."""
        now = time.monotonic()
        with self._changed:
            due = [
                open_claim
                for open_claim in self._open_claims.values()
                if open_claim.stage == "tracking" and open_claim.due <= now
            ]
            for open_claim in due:
                open_claim.due = now + open_claim.wait_s
                open_claim.wait_s = min(open_claim.wait_s * POLL_GROWTH, LAST_POLL_S)
        return due

    def start_finalizing(self, open_claim: OpenClaim) -> bool:
        """Reserve the claim for one delivery; False where a newer version replaced it."""
        with self._changed:
            current = self._open_claims.get(open_claim.claim.key_digest)
            if current is not open_claim or open_claim.stage != "tracking":
                return False
            open_claim.stage = "finalizing"
            return True

    def retry_later(self, open_claim: OpenClaim, wait_s: float) -> None:
        """The delivery failed: poll the job again after ``wait_s``."""
        with self._changed:
            open_claim.stage, open_claim.due = "tracking", time.monotonic() + wait_s

    def close(self, open_claim: OpenClaim) -> None:
        """Remove the claim and release its lease."""
        self._remove(open_claim)
        try:
            self._leases.release(self._name(open_claim.claim.key_digest))
        except BrokerUnreachable:
            return  # the lease expires

    def has(self, digest: str, mark: str | None = None) -> bool:
        """Whether the key has an open claim here; with ``mark``: of the object so marked."""
        open_claim = self._open_claims.get(digest)
        if open_claim is None:
            return False
        dropped = open_claim.dropped
        return mark is None or (dropped is not None and dropped.mark == mark)

    def renew_leases(self) -> None:
        """Renew all leases and remove claims whose lease another watcher has now."""
        with self._changed:
            names = {self._name(digest): each for digest, each in self._open_claims.items()}
        renewed = set(self._leases.keep(names))
        for name, open_claim in names.items():
            if name not in renewed:
                self._remove(open_claim)

    def _remove(self, open_claim: OpenClaim) -> None:
        with self._changed:
            if self._open_claims.get(open_claim.claim.key_digest) is open_claim:
                del self._open_claims[open_claim.claim.key_digest]
                self._changed.notify_all()

    def _name(self, digest: str) -> str:
        return f"watch:{self._watch_id}:{digest}"
