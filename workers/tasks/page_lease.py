"""The lease of this worker on one page: claimed, then finished, released or dropped.

``inflight.claimed`` is cleared before the dispatch state is told that the lease ends. Otherwise
LeaseRenewal, which renews all claimed pages, could take the page again in between.
"""

import logging

from shared.broker.page_state import Blame, Claim, Dispatch
from shared.broker.queues import lane_of, page_queue
from shared.domain.errors import TransientError
from shared.domain.records.messages import PageMessage
from shared.domain.records.page_result import PageResult
from workers.inflight.cancellation import Reason
from workers.inflight.inflight_pages import InflightPage
from workers.tasks.page_context import PageTaskContext, through_outage

log = logging.getLogger("pagefleet.page")
#: Outcomes of a claim that give this worker the lease.
_GRANTED = ("claimed", "unknown", "dead_lettered")
_BLAMES: dict[Reason, Blame] = {Reason.ENGINE_DEAD: "suspect"}


class PageLease:
    """Every method but ``abandon`` waits for the end of an outage, or raises Aborted."""

    def __init__(
        self, context: PageTaskContext, message: PageMessage, inflight: InflightPage
    ) -> None:
        self._context = context
        self._message = message
        self._inflight = inflight
        self._pages = context.dispatch_state.pages
        self._lane = lane_of(message.queue)

    def register_waiting(self) -> None:
        """Record that the page waits here without a lease, so that it is not lost."""
        inflight, register = self._inflight, self._pages.register_waiting
        through_outage(inflight, register, self._context.worker, inflight.page_id)

    def unregister_waiting(self) -> None:
        """Undo ``register_waiting`` after the claim."""
        inflight, unregister = self._inflight, self._pages.unregister_waiting
        through_outage(inflight, unregister, self._context.worker, inflight.page_id)

    def claim(self) -> Claim:
        """Ask for the lease; ``inflight.claimed`` says whether this worker got it."""
        claim = through_outage(self._inflight, self._ask)
        if claim.outcome == "quarantine":
            queue = page_queue(self._context.pool.id, "quarantine")
            through_outage(self._inflight, self._publish, claim.quarantine_seq, queue)
        return claim

    def _ask(self) -> Claim:
        """A repeated call gets the same answer."""
        message = self._message
        claim = self._pages.claim(
            self._context.pool.id,
            message.queue,
            message.job_id,
            message.page,
            message.seq,
            self._context.worker,
            self._inflight.token,
        )
        self._inflight.claimed = claim.outcome in _GRANTED
        return claim

    def _publish(self, seq: int, queue: str) -> None:
        page = Dispatch(self._message.job_id, self._message.page, seq, queue)
        self._context.dispatcher.publish([page])

    def is_taken(self) -> bool:
        """Renew the lease; True if another worker has the page or it is already done."""
        context, inflight = self._context, self._inflight
        renewed = through_outage(
            inflight, self._pages.renew, context.pool.id, context.worker, [inflight.page_id]
        )
        return bool(renewed.taken)

    def finish(self, result: PageResult) -> bool:
        """Mark the page as done; returns whether its open job still lacked a result for it."""
        return through_outage(self._inflight, self._finish, result)

    def _finish(self, result: PageResult) -> bool:
        context, message = self._context, self._message
        self._stop_renewal()
        finished = self._pages.finish(
            context.pool.id,
            self._lane,
            message.job_id,
            message.page,
            result.status,
            context.worker,
            round(result.worker_s * 1000),
        )
        if finished.reduce:
            self._end_job(result)
        for lane in finished.low:
            context.dispatcher.top_up(context.pool.id, lane)
        return finished.open

    def _end_job(self, last: PageResult) -> None:
        if self._context.job_end is not None:
            self._context.job_end.reduce(last)
        else:
            self._context.dispatcher.reduce(last.job_id)

    def release(self, blame: Blame) -> None:
        """Return the page to its queue."""
        through_outage(self._inflight, self._release, blame)

    def _release(self, blame: Blame) -> bool:
        """Whether this worker held the page and it is queued again."""
        self._stop_renewal()
        pages = self._pages.release(
            self._context.pool.id, self._context.worker, [self._inflight.page_id], blame
        )
        self._context.dispatcher.publish(pages)
        return bool(pages)

    def drop(self) -> None:
        """End the lease on a page whose job was purged or has ended."""
        through_outage(self._inflight, self._drop)

    def _drop(self) -> None:
        message = self._message
        self._stop_renewal()
        self._pages.drop(self._context.pool.id, message.job_id, message.page, self._context.worker)

    def abandon(self, reason: Reason) -> None:
        """End the lease of an aborted page: one try, because its expiry repairs the rest."""
        page_id = self._inflight.page_id
        try:
            if reason is Reason.TAKEN:
                self._stop_renewal()
                log.warning("page %s is held by another worker or already done", page_id)
            elif reason is Reason.PURGED and self._inflight.claimed:
                self._drop()
            else:
                self._release_or_pass_on(reason)
        except TransientError as error:
            log.warning(
                "page %s is not released and waits for its lease to expire: %s",
                page_id, error.message,
            )  # fmt: skip

    def _release_or_pass_on(self, reason: Reason) -> None:
        """For a cancelled page too, as its job may have been opened again since.

        Also for a page that seems not to be claimed, as the answer to its claim may be lost. If
        it never was, the same message goes to the end of its queue.
        """
        was_claimed = self._inflight.claimed
        is_queued = self._release(_BLAMES.get(reason, "none"))
        if not is_queued and not was_claimed:
            self._publish(self._message.seq, self._message.queue)

    def _stop_renewal(self) -> None:
        """Alone, this leaves the lease to its expiry."""
        self._inflight.claimed = False
