"""The one path behind all triggers: look, claim once, make a job."""

import threading
import time

from producer.watching.finalize import Ending
from producer.watching.folder_options import BadFolderOptions, FolderOptions, is_options_file
from producer.watching.open_claims import Item
from producer.watching.places.place import Dropped
from producer.watching.state import Claim
from producer.watching.status_file import SUFFIX, of_refusal
from producer.watching.watch_context import Parts
from shared.domain.errors import (
    DocumentError,
    EmptyInput,
    NotFound,
    TooLarge,
    UsageError,
)
from shared.domain.filetype import HEAD_BYTES, sniff


class Taker:
    """Takes what was dropped; used by several threads; raises TransientError."""

    def __init__(self, parts: Parts, ending: Ending, stop: threading.Event) -> None:
        self._parts = parts
        self._ending = ending
        self._stop = stop

    def take(self, found: Dropped, looked_at: float) -> bool:
        """Record a job for this object; ``looked_at`` is by the monotonic clock.

        True where nothing more is to be done for it here: its job is recorded by us or by
        somebody else, or there is none to be made. False: look again later.
        """
        parts = self._parts
        if parts.memory.knows(found):
            return True
        if not self._is_whole(found, looked_at):
            return False
        if is_options_file(found.key):
            self.read_options(found.key)
            return True
        try:
            options = parts.options.fresh(found.key)
            version = parts.inbox.version(found)
        except BadFolderOptions as error:
            self.report_options(error)
            return True
        except NotFound:
            return False
        digest = parts.memory.digest(options.digest())
        claim = Claim(key=found.key, version=version, size=found.size, options=digest)
        return self._claimed_before(claim, found) or self._take(claim, found, options)

    def adopt(self, digest: str) -> None:
        """Go on with what another watcher, or this one before it stopped, left open."""
        parts = self._parts
        left = parts.state.open_work(digest)
        if left is None:
            return
        item = parts.table.begin(left)
        if item is None:
            return
        try:
            # Read again: before it was held, its holder may have gone on.
            claim = parts.state.open_work(digest)
            if claim is None or claim != left:
                parts.table.end(item)
                return
            self._go_on(item, claim)
        except Exception:  # whatever it was: nobody would look at the item again
            parts.table.end(item)
            raise

    def read_options(self, key: str) -> None:
        """Take note of a ``pagefleet.toml`` and say what is wrong with it, or no more."""
        found = self._parts.options.refresh(key)
        if found is not None and found.error is not None:
            self.report_options(found.error)
        else:
            self._parts.outbox.delete(key + SUFFIX)

    def report_options(self, error: BadFolderOptions) -> None:
        """Write the error beside the outputs; the same bytes each time."""
        parts = self._parts
        if parts.options.report(error):
            source = parts.inbox.url + error.key
            parts.outbox.write(error.key + SUFFIX, of_refusal(source, error))
            parts.journal.event("refused", error.key, code=error.code, message=error.message)

    def _is_whole(self, found: Dropped, looked_at: float) -> bool:
        """Whether a second look, some time after the first, finds the same."""
        if self._parts.settle_s == 0:
            return True
        self._stop.wait(max(0.0, looked_at + self._parts.settle_s - time.monotonic()))
        return self._parts.inbox.look(found.key) == found

    def _claimed_before(self, claim: Claim, found: Dropped) -> bool:
        parts = self._parts
        if not parts.memory.knows_claim(claim):
            stored = parts.state.claimed(claim)
            if stored is None:
                return False
            if parts.after != "keep" and stored.outcome is None:
                return True  # on its way; the claim will go when the source has gone
        parts.memory.add(claim, found)
        return True

    def _take(self, claim: Claim, found: Dropped, options: FolderOptions) -> bool:
        parts = self._parts
        if not parts.table.wait_for_room(self._stop):
            return False
        item = parts.table.begin(claim)
        if item is None:
            return False
        item.found = found
        try:
            before = parts.state.open_work(claim.key_digest)
            if before is not None and before.version_digest != claim.version_digest:
                parts.state.release(before)
            elif before is None and parts.state.claimed(claim) is not None:
                parts.table.end(item)  # somebody was faster, and is done
                return False
            parts.state.open(claim)
            parts.state.claim(claim)
            self._record(item, claim, found, options)
        except Exception:
            # Whatever it was: what is written down is adopted later, by whoever comes first.
            parts.table.end(item)
            raise
        return True

    def _go_on(self, item: Item, claim: Claim) -> None:
        parts = self._parts
        item.claim, item.found = claim, self._same_version(claim)
        manifest = parts.jobs.manifest(claim.job_id) if claim.job_id else None
        if manifest is not None:
            parts.table.follow(item, claim, manifest)
        elif item.found is None:
            self._ending.abandoned(item, "the source was removed or replaced")
        else:
            parts.state.claim(claim)
            try:
                options = parts.options.fresh(claim.key)
            except BadFolderOptions:
                self._ending.abandoned(item, "its pagefleet.toml is not valid")
            else:
                self._record(item, claim, item.found, options)

    def _same_version(self, claim: Claim) -> Dropped | None:
        try:
            found = self._parts.inbox.look(claim.key)
            same = found is not None and self._parts.inbox.version(found) == claim.version
        except NotFound:
            return None
        return found if same else None

    def _record(self, item: Item, claim: Claim, found: Dropped, options: FolderOptions) -> None:
        parts = self._parts
        try:
            self._check(found)
            request = options.apply(parts.request)
            with parts.inbox.opened(found) as single:
                submission = parts.submitter.submit(single, request)
        except NotFound as error:
            self._ending.abandoned(item, error.message)
        except (DocumentError, UsageError) as error:
            self._ending.refused(item, error)
        else:
            job_id = submission.manifest.job_id
            recorded = claim.model_copy(update={"job_id": job_id})
            parts.state.open(recorded)
            parts.journal.event("queued", claim.key, job_id=job_id, state=submission.kind)
            parts.table.follow(item, recorded, submission.manifest)

    def _check(self, found: Dropped) -> None:
        """Raise the DocumentError of what needs no download to be refused."""
        limit = self._parts.request.settings.max_file_bytes
        if found.size == 0:
            raise EmptyInput("the file is empty (0 bytes)")
        if found.size > limit:
            raise TooLarge(
                f"the file has {found.size} bytes, more than {limit}; "
                "split it or raise max_file_bytes"
            )
        sniff(self._parts.inbox.head(found, HEAD_BYTES))
