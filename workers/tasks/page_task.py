"""The page task: claim, read, store, mark, and only then acknowledge.

Every way out of ``handle`` leaves the page in exactly one place: marked done, waiting in a
queue, held by another worker, or dropped with its job. Returning acknowledges the message.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from shared.broker.page_state import Claim, page_id
from shared.broker.queues import lane_of
from shared.domain.errors import DocumentError, NewerRelease, PageError
from shared.domain.records.messages import PageMessage
from shared.domain.records.page_result import PageResult
from workers.inflight.cancellation import Aborted, Reason
from workers.inflight.page_end import PageEnd
from workers.tasks.page_attempt import PageAttempt
from workers.tasks.page_context import PageTaskContext
from workers.tasks.page_fallback import PageFallback
from workers.tasks.page_reading import PageReading
from workers.tasks.received_page import ReceivedPage

log = logging.getLogger("pagefleet.page")


class PageTask:
    """Handles page messages; called by many threads at once."""

    def __init__(self, context: PageTaskContext) -> None:
        self._context = context
        self._reading = PageReading(context)
        self._fallback = PageFallback(context, self._reading)

    def handle(self, message: PageMessage) -> PageEnd:
        """Finish or release the page of ``message``."""
        identifier = page_id(message.job_id, message.page)
        with (
            self._context.inflight_pages.begin(identifier) as inflight,
            self._context.observer.measured(message) as measurement,
        ):
            page = ReceivedPage.make(self._context, message, inflight, measurement)
            return self._finish_or_release(page)

    def _finish_or_release(self, page: ReceivedPage) -> PageEnd:
        try:
            with self._inside_gate(page):
                return self._claim(page)
        except Aborted as aborted:
            return self._abandon(page, aborted.reason)
        except Exception:  # whatever it is, the page must not wait for its lease to expire
            log.exception("page %s is released after an unexpected error", page.inflight.page_id)
            with suppress(Aborted):
                page.inflight.sleep(self._context.transient_pause_s)
            return self._abandon(page, Reason.INTERNAL)

    @contextmanager
    def _inside_gate(self, page: ReceivedPage) -> Iterator[None]:
        """Pass the gate; a page that has to wait there is registered, so that it is not lost."""
        gate, alone = self._context.gate, lane_of(page.message.queue) == "quarantine"
        must_wait = gate.closed(alone=alone)
        if must_wait:
            page.lease.register_waiting()
        with gate.entered(page.inflight, alone=alone):
            yield
        if must_wait:
            page.lease.unregister_waiting()

    def _claim(self, page: ReceivedPage) -> PageEnd:
        claim = page.lease.claim()
        if not page.inflight.claimed:
            return PageEnd("done", claim.outcome)
        page.measurement.claimed(claim)
        try:
            return self._read_claimed(page, claim)
        except NewerRelease as error:
            self._reading.leave_to_newer(page, error)

    def _read_claimed(self, page: ReceivedPage, claim: Claim) -> PageEnd:
        # Of a job that the broker does not know: it may have ended.
        manifest = page.records.manifest(may_have_ended=claim.outcome == "unknown")
        if manifest is None:
            page.lease.drop()
            return PageEnd("done", "dropped")
        page.measurement.readable(manifest.labels)
        attempt = PageAttempt(page, manifest, claim)
        result = self._read(attempt)
        return self._commit(page, result) if result is not None else self._try_again(attempt)

    def _read(self, attempt: PageAttempt) -> PageResult | None:
        """The result to commit; None where the page is to be tried again."""
        try:
            return self._reading.read(attempt)
        except NewerRelease:
            raise
        except DocumentError as error:
            if self._may_try_again(attempt, error):
                log.warning(
                    "page %s failed and will be tried again: %s", attempt.page_id, error.message
                )
                return None
            return self._fallback.result(attempt, error)

    def _may_try_again(self, attempt: PageAttempt, error: DocumentError) -> bool:
        if not isinstance(error, PageError) or error.final:
            return False
        most = self._context.max_attempts
        return attempt.number < min(most, error.most_attempts or most)

    def _try_again(self, attempt: PageAttempt) -> PageEnd:
        attempt.received.measurement.released("attempt")
        attempt.received.lease.release("attempt")
        return PageEnd.released("attempt")

    def _commit(self, page: ReceivedPage, result: PageResult) -> PageEnd:
        """Store the result, then mark the page: in this order a crash loses nothing."""
        if result.status == "failed" and page.lease.is_taken():
            # Another worker may have read it while this process was paused.
            raise Aborted(Reason.TAKEN)
        page.inflight.check_wanted()
        priced = page.measurement.priced(result)
        stored = page.records.write(priced)
        was_missing = page.lease.finish(stored)
        is_own = stored is priced
        if is_own and not was_missing:
            page.records.withdraw_if_late(priced)
        page.measurement.committed(stored, is_own=is_own)
        return PageEnd.with_result(stored)

    def _abandon(self, page: ReceivedPage, reason: Reason) -> PageEnd:
        page.measurement.released(reason.value)
        page.lease.abandon(reason)
        return PageEnd.released(reason.value)
