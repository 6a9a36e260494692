"""Turns a dropped object into a job: look it up, claim it once, submit it."""

import threading
import time

from producer.watching.claims.key_claim import KeyClaim
from producer.watching.claims.old_claims import old_options
from producer.watching.claims.open_claims import OpenClaim
from producer.watching.finalize import Finalizer
from producer.watching.folder_options import BadFolderOptions, FolderOptions, is_options_file
from producer.watching.output_names import status_name
from producer.watching.places.place import Dropped, ReadRefused, UnusableName
from producer.watching.status_file import of_refusal
from producer.watching.watch_context import WatchContext
from shared.domain.errors import (
    DocumentError,
    EmptyInput,
    NotFound,
    TooLarge,
    UsageError,
)
from shared.domain.filetype import HEAD_BYTES, sniff
from shared.domain.submission_record import SubmissionRecord
from shared.telemetry.watch_metrics import FILES


class Ingester:
    """Used by several threads; raises TransientError."""

    def __init__(self, context: WatchContext, finalizer: Finalizer, stop: threading.Event) -> None:
        self._context = context
        self._finalizer = finalizer
        self._stop = stop

    def ingest(self, dropped: Dropped, seen_at: float) -> bool:
        """Record a job for this object; ``seen_at`` is a time of the monotonic clock.

        True: this call or another watcher recorded the job, or there is none to record.
        False: look the object up again later.
        """
        context = self._context
        if context.key_claim_cache.has(dropped):
            return True
        if not self._is_settled(dropped, seen_at):
            return False
        if is_options_file(dropped.key):
            self.read_options(dropped.key)
            return True
        try:
            options = context.options.fresh(dropped.key)
            version = context.inbox.version(dropped)
        except BadFolderOptions as error:
            self.report_options(error)
            return True
        except NotFound:
            return False
        digest = context.key_claim_cache.options_digest(options.digest())
        claim = KeyClaim(key=dropped.key, version=version, size=dropped.size, options=digest)
        if context.refused_reads.is_waiting(claim.key_digest, dropped.mark):
            return True  # its open claim is stored
        return self._is_claimed(claim, dropped) or self._ingest_new(claim, dropped, options)

    def adopt(self, digest: str) -> None:
        """Resume the open claim of a key that another watcher, or an earlier run, left."""
        context = self._context
        listed = context.state.open_claim(digest)
        if listed is None or context.open_claims.has(listed.key_digest):
            return
        open_claim = context.open_claims.try_open(listed)
        if open_claim is None:
            return
        try:
            # Read again under the lease: its previous holder may have changed or closed it.
            claim = context.state.open_claim(digest)
            if claim is None or claim != listed:
                context.open_claims.close(open_claim)
                return
            self._resume(open_claim, claim)
        except Exception:  # an open claim without a thread would block its key
            context.open_claims.close(open_claim)
            raise

    def read_options(self, key: str) -> bool:
        """Read a ``pagefleet.toml`` again and write or delete its error report.

        Returns whether the result holds until the file changes.
        """
        options_file = self._context.options.refresh(key)
        if options_file is not None and options_file.error is not None:
            self.report_options(options_file.error)
            return options_file.error.is_lasting
        self._context.outbox.delete(status_name(key))
        return True

    def report_options(self, error: BadFolderOptions) -> None:
        """Write the error of an options file into the outbox, unless it is there already."""
        context = self._context
        if context.options.is_unreported(error):
            source = context.inbox.url + error.key
            try:
                context.outbox.write(status_name(error.key), of_refusal(source, error))
            except UnusableName as unusable:
                context.event_log.warning(unusable)
            context.event_log.event("refused", error.key, code=error.code, message=error.message)

    def _is_settled(self, dropped: Dropped, seen_at: float) -> bool:
        """Whether the object is unchanged ``settle_s`` after it was seen."""
        if self._context.settle_s == 0:
            return True
        if self._stop.wait(max(0.0, seen_at + self._context.settle_s - time.monotonic())):
            return False  # another watcher ingests it
        return self._context.inbox.stat(dropped.key) == dropped

    def _is_claimed(self, claim: KeyClaim, dropped: Dropped) -> bool:
        context = self._context
        if not context.key_claim_cache.has_claim(claim):
            stored = context.state.stored_claim(claim)
            if stored is None:
                return False
            if context.after != "keep" and stored.outcome is None:
                return True  # in work; the claim is deleted after the source
        context.key_claim_cache.add(claim, dropped)
        return True

    def _ingest_new(self, claim: KeyClaim, dropped: Dropped, options: FolderOptions) -> bool:
        context = self._context
        open_claim = context.open_claims.try_open(claim)
        if open_claim is None:
            return False
        open_claim.dropped = dropped
        try:
            previous = context.state.open_claim(claim.key_digest)
            if previous is not None and previous.version_digest != claim.version_digest:
                context.state.release(previous)
            elif previous is not None:
                claim = claim.model_copy(update={"refused_since": previous.refused_since})
            elif context.state.stored_claim(claim) is not None:
                context.open_claims.close(open_claim)  # another watcher has finished it
                return False
            context.state.write_open(claim)
            context.state.claim(claim)
            FILES.labels("seen").inc()
            self._record(open_claim, claim, dropped, options)
        except Exception:
            # The stored open claim is adopted later, by this watcher or another one.
            context.open_claims.close(open_claim)
            raise
        return True

    def _resume(self, open_claim: OpenClaim, claim: KeyClaim) -> None:
        context, refusal = self._context, None
        open_claim.claim = claim = self._with_current_options(claim)
        try:
            open_claim.dropped = self._same_version(claim)
        except ReadRefused as error:
            open_claim.dropped, refusal = Dropped(claim.key, claim.size, claim.version), error
        manifest = context.jobs.manifest(claim.job_id) if claim.job_id else None
        if manifest is not None:
            context.submitter.resume_forgotten(manifest)
            # The job may be of another person's submission: outputs have this file's name.
            own = SubmissionRecord(name=claim.key.rsplit("/", 1)[-1])
            context.open_claims.track(open_claim, claim, own.apply(manifest))
        elif refusal is not None:
            self._refused(open_claim, claim, refusal)
        elif open_claim.dropped is None:
            self._finalizer.abandon(open_claim, "the source was removed or replaced")
        else:
            context.state.claim(claim)
            try:
                options = context.options.fresh(claim.key)
            except BadFolderOptions:
                self._finalizer.abandon(open_claim, "its pagefleet.toml is not valid")
            else:
                self._record(open_claim, claim, open_claim.dropped, options)

    def _with_current_options(self, claim: KeyClaim) -> KeyClaim:
        """The claim with the new form of its options, if they are still those of its folder."""
        context = self._context
        folder_options = context.options.cached(claim.key).digest()
        options = context.key_claim_cache.options_digest(folder_options)
        is_same = claim.options == old_options(options)
        return claim.model_copy(update={"options": options}) if is_same else claim

    def _same_version(self, claim: KeyClaim) -> Dropped | None:
        try:
            dropped = self._context.inbox.stat(claim.key)
            if dropped is not None and self._context.inbox.version(dropped) == claim.version:
                return dropped
        except (NotFound, UnusableName):
            pass
        return None

    def _record(
        self, open_claim: OpenClaim, claim: KeyClaim, dropped: Dropped, options: FolderOptions
    ) -> None:
        context = self._context
        try:
            self._check(dropped)
            request = options.apply(context.request)
            with context.inbox.as_input(dropped) as single:
                submission = context.submitter.submit(single, request)
        except NotFound as error:
            self._finalizer.abandon(open_claim, error.message)
        except ReadRefused as error:
            self._refused(open_claim, claim, error)
        except (DocumentError, UsageError) as error:
            self._finalizer.refuse(open_claim, error)
        else:
            context.refused_reads.forget(claim.key_digest)
            job_id = submission.manifest.job_id
            recorded = claim.model_copy(update={"job_id": job_id})
            context.state.write_open(recorded)
            context.event_log.event("queued", claim.key, job_id=job_id, state=submission.kind)
            context.open_claims.track(open_claim, recorded, submission.manifest)

    def _refused(self, open_claim: OpenClaim, claim: KeyClaim, error: ReadRefused) -> None:
        """Have the object tried again later, or report that it is given up."""
        context, refused_reads = self._context, self._context.refused_reads
        since = refused_reads.first_refusal(claim.refused_since)
        if refused_reads.is_given_up(since):
            refused_reads.forget(claim.key_digest)
            self._finalizer.refuse(open_claim, error)
            return
        context.state.write_open(claim.model_copy(update={"refused_since": since}))
        refused_reads.postpone(claim.key_digest, claim.version)
        context.open_claims.close(open_claim)
        context.event_log.warning(error)

    def _check(self, dropped: Dropped) -> None:
        """Raise a DocumentError if the size or the first bytes are enough to refuse it."""
        limit = self._context.request.settings.max_file_bytes
        if dropped.size == 0:
            raise EmptyInput("the file is empty (0 bytes)")
        if dropped.size > limit:
            raise TooLarge(
                f"the file has {dropped.size} bytes, more than {limit}; "
                "split it or raise max_file_bytes"
            )
        sniff(self._context.inbox.head(dropped, HEAD_BYTES))
