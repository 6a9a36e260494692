"""What a watch keeps in the object store, so that it outlives every process.

``claims`` say what was taken, ``open`` what is not delivered yet. The order makes a crash
harmless: the open work is written before the claim and removed as the very last step.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import ConfigDict, Field, ValidationError

from producer.watching.digest_map import key_digest, version_digest
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.records import JobStatus, Record, to_json
from shared.storage.store import ObjectStore

MAX_RECORD_BYTES = 64 * 1024
Outcome = JobStatus | Literal["refused"]


class Claim(Record):
    """One version of one key, taken by some watcher."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    #: Relative to the inbox.
    key: str
    #: The ETag, or the hash of a file's content.
    version: str
    size: int = Field(ge=0)
    #: Digest of the page options that were asked for; "" for none.
    options: str = ""
    job_id: str | None = None
    outcome: Outcome | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @property
    def key_digest(self) -> str:
        """What stands for the key in names."""
        return key_digest(self.key)

    @property
    def version_digest(self) -> str:
        """What stands for version and options in names."""
        return version_digest(self.version, self.options)


class WatchState:
    """Claims and open work of one watch; shared by all its watchers; thread-safe."""

    def __init__(self, store: ObjectStore, watch_id: str) -> None:
        self._store = store
        self._id = watch_id

    def stored_claim(self, claim: Claim) -> Claim | None:
        """The claim of this version as it is stored, or None."""
        return self._read(self._claim_key(claim))

    def claim(self, claim: Claim) -> bool:
        """Take a version; exactly one of several watchers gets True."""
        return self._store.put_new(self._claim_key(claim), to_json(claim))

    def update(self, claim: Claim) -> None:
        """Write what became of a claim."""
        self._store.put(self._claim_key(claim), to_json(claim))

    def release(self, claim: Claim) -> None:
        """Let the same version be taken again."""
        self._store.delete([self._claim_key(claim)])

    def release_older(self, claim: Claim) -> None:
        """Forget other versions of the key: going back to one of them is news again."""
        prefix = object_keys.watch_claims(self._id, claim.key_digest)
        mine = self._claim_key(claim)
        self._store.delete([key for key in self._store.list(prefix) if key != mine])

    def digests(self) -> Iterator[tuple[str, str]]:
        """(key, version) of every claim, as digests; one request for a thousand."""
        for name in self._store.list(object_keys.watch_claims(self._id)):
            parsed = object_keys.parse_watch_claim(name)
            if parsed is not None:
                yield parsed

    def open_keys(self) -> Iterator[str]:
        """Digests of the keys with work that is not delivered."""
        prefix = object_keys.watch_open(self._id)
        return (name.removeprefix(prefix) for name in self._store.list(prefix))

    def open_claim(self, digest: str) -> Claim | None:
        """The open work of one key, or None."""
        return self._read(object_keys.watch_open(self._id, digest))

    def write_open(self, claim: Claim) -> None:
        """Write down work, so that it is done even if this process is not there."""
        self._store.put(object_keys.watch_open(self._id, claim.key_digest), to_json(claim))

    def remove_open(self, claim: Claim) -> None:
        """The work is done; only after everything else."""
        self._store.delete([object_keys.watch_open(self._id, claim.key_digest)])

    def _claim_key(self, claim: Claim) -> str:
        return object_keys.watch_claims(self._id, claim.key_digest, claim.version_digest)

    def _read(self, key: str) -> Claim | None:
        try:
            return Claim.model_validate_json(self._store.get(key, MAX_RECORD_BYTES))
        except (NotFound, ValidationError):
            # What can't be read says nothing: the work is done again, with the same result.
            return None
