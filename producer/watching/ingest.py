"""The one path behind all triggers: look, claim once, make a job."""

import threading
import time

from producer.watching.finalize import Finalizer
from producer.watching.folder_options import BadFolderOptions, FolderOptions, is_options_file
from producer.watching.open_claims import OpenClaim
from producer.watching.places.place import Dropped
from producer.watching.state import Claim
from producer.watching.status_file import SUFFIX, of_refusal
from producer.watching.watch_context import WatchContext
from shared.domain.errors import (
    DocumentError,
    EmptyInput,
    NotFound,
    TooLarge,
    UsageError,
)
from shared.domain.filetype import HEAD_BYTES, sniff


class Ingester:
    """Takes what was dropped; used by several threads; raises TransientError."""

    def __init__(self, context: WatchContext, finalizer: Finalizer, stop: threading.Event) -> None:
        self._context = context
        self._finalizer = finalizer
        self._stop = stop

    def ingest(self, found: Dropped, seen_at: float) -> bool:
        """Record a job for this object; ``seen_at`` is by the monotonic clock.

        True where nothing more is to be done for it here: its job is recorded by us or by
        somebody else, or there is none to be made. False: look again later.
        """
        context = self._context
        if context.claim_cache.has(found):
            return True
        if not self._is_settled(found, seen_at):
            return False
        if is_options_file(found.key):
            self.read_options(found.key)
            return True
        try:
            options = context.options.fresh(found.key)
            version = context.inbox.version(found)
        except BadFolderOptions as error:
            self.report_options(error)
            return True
        except NotFound:
            return False
        digest = context.claim_cache.digest(options.digest())
        claim = Claim(key=found.key, version=version, size=found.size, options=digest)
        return self._is_claimed(claim, found) or self._ingest_new(claim, found, options)

    def adopt(self, digest: str) -> None:
        """Go on with what another watcher, or this one before it stopped, left open."""
        context = self._context
        left = context.state.open_claim(digest)
        if left is None:
            return
        open_claim = context.open_claims.try_open(left)
        if open_claim is None:
            return
        try:
            # Read again: before it was held, its holder may have gone on.
            claim = context.state.open_claim(digest)
            if claim is None or claim != left:
                context.open_claims.close(open_claim)
                return
            self._resume(open_claim, claim)
        except Exception:  # whatever it was: nobody would look at the item again
            context.open_claims.close(open_claim)
            raise

    def read_options(self, key: str) -> None:
        """Take note of a ``pagefleet.toml`` and say what is wrong with it, or no more."""
        found = self._context.options.refresh(key)
        if found is not None and found.error is not None:
            self.report_options(found.error)
        else:
            self._context.outbox.delete(key + SUFFIX)

    def report_options(self, error: BadFolderOptions) -> None:
        """Write the error beside the outputs; the same bytes each time."""
        context = self._context
        if context.options.report(error):
            source = context.inbox.url + error.key
            context.outbox.write(error.key + SUFFIX, of_refusal(source, error))
            context.event_log.event("refused", error.key, code=error.code, message=error.message)

    def _is_settled(self, found: Dropped, seen_at: float) -> bool:
        """Whether a second look, some time after the first, finds the same."""
        if self._context.settle_s == 0:
            return True
        self._stop.wait(max(0.0, seen_at + self._context.settle_s - time.monotonic()))
        return self._context.inbox.stat(found.key) == found

    def _is_claimed(self, claim: Claim, found: Dropped) -> bool:
        context = self._context
        if not context.claim_cache.has_claim(claim):
            stored = context.state.stored_claim(claim)
            if stored is None:
                return False
            if context.after != "keep" and stored.outcome is None:
                return True  # on its way; the claim will go when the source has gone
        context.claim_cache.add(claim, found)
        return True

    def _ingest_new(self, claim: Claim, found: Dropped, options: FolderOptions) -> bool:
        context = self._context
        if not context.open_claims.wait_for_room(self._stop):
            return False
        open_claim = context.open_claims.try_open(claim)
        if open_claim is None:
            return False
        open_claim.found = found
        try:
            before = context.state.open_claim(claim.key_digest)
            if before is not None and before.version_digest != claim.version_digest:
                context.state.release(before)
            elif before is None and context.state.stored_claim(claim) is not None:
                context.open_claims.close(open_claim)  # somebody was faster, and is done
                return False
            context.state.write_open(claim)
            context.state.claim(claim)
            self._record(open_claim, claim, found, options)
        except Exception:
            # Whatever it was: what is written down is adopted later, by whoever comes first.
            context.open_claims.close(open_claim)
            raise
        return True

    def _resume(self, open_claim: OpenClaim, claim: Claim) -> None:
        context = self._context
        open_claim.claim, open_claim.found = claim, self._same_version(claim)
        manifest = context.jobs.manifest(claim.job_id) if claim.job_id else None
        if manifest is not None:
            context.open_claims.track(open_claim, claim, manifest)
        elif open_claim.found is None:
            self._finalizer.abandon(open_claim, "the source was removed or replaced")
        else:
            context.state.claim(claim)
            try:
                options = context.options.fresh(claim.key)
            except BadFolderOptions:
                self._finalizer.abandon(open_claim, "its pagefleet.toml is not valid")
            else:
                self._record(open_claim, claim, open_claim.found, options)

    def _same_version(self, claim: Claim) -> Dropped | None:
        try:
            found = self._context.inbox.stat(claim.key)
            same = found is not None and self._context.inbox.version(found) == claim.version
        except NotFound:
            return None
        return found if same else None

    def _record(
        self, open_claim: OpenClaim, claim: Claim, found: Dropped, options: FolderOptions
    ) -> None:
        context = self._context
        try:
            self._check(found)
            request = options.apply(context.request)
            with context.inbox.as_input(found) as single:
                submission = context.submitter.submit(single, request)
        except NotFound as error:
            self._finalizer.abandon(open_claim, error.message)
        except (DocumentError, UsageError) as error:
            self._finalizer.refuse(open_claim, error)
        else:
            job_id = submission.manifest.job_id
            recorded = claim.model_copy(update={"job_id": job_id})
            context.state.write_open(recorded)
            context.event_log.event("queued", claim.key, job_id=job_id, state=submission.kind)
            context.open_claims.track(open_claim, recorded, submission.manifest)

    def _check(self, found: Dropped) -> None:
        """Raise the DocumentError of what needs no download to be refused."""
        limit = self._context.request.settings.max_file_bytes
        if found.size == 0:
            raise EmptyInput("the file is empty (0 bytes)")
        if found.size > limit:
            raise TooLarge(
                f"the file has {found.size} bytes, more than {limit}; "
                "split it or raise max_file_bytes"
            )
        sniff(self._context.inbox.head(found, HEAD_BYTES))
