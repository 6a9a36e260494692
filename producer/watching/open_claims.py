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

Stage = Literal["recording", "following", "ending"]
#: Seconds between looks at one job: at first, and at most.
FIRST_LOOK_S = 0.2
LAST_LOOK_S = 2.0


@dataclass
class Item:
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


class OpenTable:
    """Items by key; thread-safe. Holds are kept by ``keep_alive``, called now and then."""

    def __init__(self, holds: KeyLeases, watch_id: str, most: int) -> None:
        self._holds = holds
        self._watch_id = watch_id
        self._most = most
        self._items: dict[str, Item] = {}
        self._changed = threading.Condition()

    @property
    def lease_s(self) -> float:
        """How long a key is held without a renewal."""
        return self._holds.seconds

    def __len__(self) -> int:
        return len(self._items)

    def wait_for_room(self, stop: threading.Event) -> bool:
        """Wait until there is room for one more; False where the watcher stops."""
        with self._changed:
            while len(self._items) >= self._most and not stop.is_set():
                self._changed.wait(0.5)
        return not stop.is_set()

    def full(self) -> bool:
        """Whether there is no room."""
        return len(self._items) >= self._most

    def begin(self, claim: Claim) -> Item | None:
        """Hold the key for this version; None where it is held already.

        An older version whose job is merely waited for is given up. Raises BrokerUnreachable.
        """
        with self._changed:
            item = self._items.get(claim.key_digest)
            if item is not None and item.stage != "following":
                return None
            mine = Item(claim)
            self._items[claim.key_digest] = mine
        try:
            held = self._holds.take(self._name(claim.key_digest))
        except BrokerUnreachable:
            self._forget(mine)
            raise
        if not held:
            self._forget(mine)
        return mine if held else None

    def follow(self, item: Item, claim: Claim, manifest: Manifest) -> None:
        """The job is recorded: from now on its end is waited for."""
        with self._changed:
            item.claim, item.manifest = claim, manifest
            item.stage = "following"

    def due(self) -> list[Item]:
        """Items to look at now; each is put off until its next look."""
        now = time.monotonic()
        with self._changed:
            found = [i for i in self._items.values() if i.stage == "following" and i.due <= now]
            for item in found:
                item.due = now + item.wait_s
                item.wait_s = min(item.wait_s * 1.5, LAST_LOOK_S)
        return found

    def start_ending(self, item: Item) -> bool:
        """Take the item for delivery; False where a newer version has its place."""
        with self._changed:
            if self._items.get(item.claim.key_digest) is not item or item.stage != "following":
                return False
            item.stage = "ending"
            return True

    def put_back(self, item: Item, wait_s: float) -> None:
        """Delivery did not work out: look again later."""
        with self._changed:
            item.stage, item.due = "following", time.monotonic() + wait_s

    def end(self, item: Item) -> None:
        """Nothing is left to do here; others may have the key."""
        self._forget(item)
        try:
            self._holds.release(self._name(item.claim.key_digest))
        except BrokerUnreachable:
            return  # the lease runs out by itself

    def has(self, digest: str, mark: str | None = None) -> bool:
        """Whether the key is held here (with ``mark``: as this look found it)."""
        item = self._items.get(digest)
        if item is None:
            return False
        return mark is None or (item.found is not None and item.found.mark == mark)

    def keep_alive(self) -> None:
        """Prolong all leases; what was lost is somebody else's now."""
        with self._changed:
            names = {self._name(digest): item for digest, item in self._items.items()}
        kept = set(self._holds.keep(names))
        for name, item in names.items():
            if name not in kept:
                self._forget(item)

    def _forget(self, item: Item) -> None:
        with self._changed:
            if self._items.get(item.claim.key_digest) is item:
                del self._items[item.claim.key_digest]
                self._changed.notify_all()

    def _name(self, digest: str) -> str:
        return f"watch:{self._watch_id}:{digest}"
