"""The page task: claim, read, store, mark, and only then acknowledge.

Every way out of ``handle`` leaves the page in exactly one place: marked done, waiting in a
queue, held by another worker, or dropped with its job. Returning acknowledges the message.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from shared.broker.page_state import Blame, Claim, page_id
from shared.broker.queues import lane_of
from shared.domain.errors import DocumentError, NewerRelease, PageError, TransientError
from shared.domain.records import Manifest, PageMessage, PageResult
from workers.inflight import Aborted, InflightPage, Reason
from workers.tasks.late_result import withdraw_if_late
from workers.tasks.page_attempt import PageAttempt
from workers.tasks.page_context import PageTaskContext, through_outage
from workers.tasks.page_lease import PageLease
from workers.tasks.page_reading import PageReading

log = logging.getLogger("pagefleet.page")
_BLAMES: dict[Reason, Blame] = {Reason.ENGINE_DEAD: "suspect"}


class PageTask:
    """Handles page messages; called by many threads at once."""

    def __init__(self, deps: PageTaskContext) -> None:
        self._deps = deps
        self._reading = PageReading(deps)

    def handle(self, message: PageMessage) -> str:
        """Finish or release the page of ``message``; returns how it ended, for Flower."""
        identifier = page_id(message.job_id, message.page)
        with (
            self._deps.inflight_pages.begin(identifier) as inflight,
            self._deps.observer.watching(message, inflight),
        ):
            lease = PageLease(self._deps, message, inflight)
            try:
                with self._inside_gate(message, inflight):
                    self._claim(message, inflight, lease)
            except Aborted as aborted:
                self._return(inflight, lease, aborted.reason)
            except Exception:  # whatever it is, the page must not wait for its lease to expire
                log.exception("page %s is released after an unexpected error", identifier)
                with suppress(Aborted):
                    inflight.sleep(self._deps.transient_pause_s)
                self._return(inflight, lease, Reason.INTERNAL)
            return inflight.outcome

    @contextmanager
    def _inside_gate(self, message: PageMessage, inflight: InflightPage) -> Iterator[None]:
        """Pass the gate; a page that has to wait there is registered, so that it is not lost."""
        deps, alone = self._deps, lane_of(message.queue) == "quarantine"
        must_wait = deps.gate.closed(alone=alone)
        if must_wait:
            through_outage(
                inflight,
                lambda: deps.dispatch_state.pages.register_waiting(deps.worker, inflight.page),
            )
        with deps.gate.entered(inflight, alone=alone):
            yield
        if must_wait and not inflight.claimed:
            through_outage(
                inflight,
                lambda: deps.dispatch_state.pages.unregister_waiting(deps.worker, inflight.page),
            )

    def _claim(self, message: PageMessage, inflight: InflightPage, lease: PageLease) -> None:
        claim = through_outage(inflight, lease.claim)
        if claim.outcome == "quarantine":
            through_outage(inflight, lambda: lease.send_to_quarantine(claim))
        if not inflight.claimed:
            return
        self._deps.observer.claimed(message, inflight, claim)
        try:
            self._read_claimed(message, claim, inflight, lease)
        except NewerRelease as error:
            self._reading.leave_to_newer(inflight, message.job_id, error)

    def _read_claimed(
        self, message: PageMessage, claim: Claim, inflight: InflightPage, lease: PageLease
    ) -> None:
        manifest = through_outage(inflight, lambda: self._manifest(message, claim))
        if manifest is None:
            through_outage(inflight, lease.drop)
            return
        self._deps.observer.readable(inflight, manifest.labels)
        attempt = PageAttempt(message, manifest, claim, inflight)
        result = self._read(attempt, lease)
        if result is not None:
            self._commit(attempt, lease, result)

    def _manifest(self, message: PageMessage, claim: Claim) -> Manifest | None:
        """The manifest; None where the job was purged or has ended."""
        if claim.outcome != "unknown":
            return self._deps.manifests.get(message.job_id)
        if self._deps.jobs.done(message.job_id) is not None:
            return None
        return self._deps.manifests.fresh(message.job_id)

    def _read(self, attempt: PageAttempt, lease: PageLease) -> PageResult | None:
        """The result to commit; None where the page was released for another attempt."""
        try:
            return self._reading.read(attempt)
        except NewerRelease:
            raise
        except PageError as error:
            if not error.final and attempt.number < self._most_attempts(error):
                self._try_again(attempt, lease, error)
                return None
            return attempt.failure(self._deps.engine, error)
        except DocumentError as error:
            return attempt.failure(self._deps.engine, error)

    def _most_attempts(self, error: PageError) -> int:
        return min(self._deps.max_attempts, error.most_attempts or self._deps.max_attempts)

    def _try_again(self, attempt: PageAttempt, lease: PageLease, error: PageError) -> None:
        log.warning(
            "page %s failed and will be tried again: %s", attempt.inflight.page, error.message
        )
        self._deps.observer.returned(attempt.inflight, "attempt")
        through_outage(attempt.inflight, lambda: lease.release("attempt"))

    def _commit(self, attempt: PageAttempt, lease: PageLease, result: PageResult) -> None:
        """Store the result, then mark the page: in this order a crash loses nothing."""
        jobs, inflight = self._deps.jobs, attempt.inflight
        if result.status == "failed" and through_outage(inflight, lease.is_taken):
            # Another worker may have read it while this process was paused.
            raise Aborted(Reason.TAKEN)
        inflight.check_wanted()
        priced = self._deps.observer.priced(inflight, result)
        stored = through_outage(inflight, lambda: jobs.write_result(priced))
        was_missing = through_outage(inflight, lambda: lease.finish(stored))
        is_own = stored is priced
        if is_own and not was_missing:
            through_outage(inflight, lambda: withdraw_if_late(jobs, priced))
        self._deps.observer.committed(inflight, stored, is_own=is_own)

    def _return(self, inflight: InflightPage, lease: PageLease, reason: Reason) -> None:
        """Return an aborted page: one try, because the lease's expiry repairs the rest."""
        self._deps.observer.returned(inflight, reason.value)
        was_claimed = inflight.claimed
        try:
            if reason is Reason.TAKEN:
                lease.stop_renewal()
                log.warning("page %s is held by another worker or already done", inflight.page)
            elif was_claimed and reason is Reason.PURGED:
                lease.drop()
            else:
                # A cancelled page too, as its job may have been opened again since. Also a page
                # that seems not to be claimed, as the answer to its claim may have been lost.
                is_queued = lease.release(_BLAMES.get(reason, "none"))
                if not is_queued and not was_claimed:
                    lease.pass_on()
        except TransientError as error:
            log.warning(
                "page %s is not released and waits for its lease to expire: %s",
                inflight.page, error.message,
            )  # fmt: skip
