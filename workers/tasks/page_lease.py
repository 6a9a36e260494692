"""The lease of this worker on one page: claimed, then finished, released or dropped.

``inflight.claimed`` is cleared before the dispatch state is told that the lease ends. Otherwise
the lease keeper, which renews all claimed pages, could take the page again in between.
"""

from shared.broker.page_state import Blame, Claim, Dispatch
from shared.broker.queues import lane_of, page_queue
from shared.domain.records import PageMessage, PageResult
from workers.inflight import InflightPage
from workers.tasks.page_context import PageTaskContext

#: Outcomes of a claim that give this worker the lease.
_GRANTED = ("claimed", "unknown", "dead_lettered")


class PageLease:
    """Every method is one step at the broker and raises BrokerUnreachable; may be repeated."""

    def __init__(self, deps: PageTaskContext, message: PageMessage, inflight: InflightPage) -> None:
        self._deps = deps
        self._message = message
        self._inflight = inflight

    def claim(self) -> Claim:
        """Ask for the lease; a repeated call gets the same answer."""
        deps, message = self._deps, self._message
        claim = deps.dispatch_state.pages.claim(
            deps.pool.id,
            message.queue,
            message.job_id,
            message.page,
            message.seq,
            deps.worker,
            self._inflight.token,
        )
        self._inflight.outcome = claim.outcome
        self._inflight.claimed = claim.outcome in _GRANTED
        return claim

    def send_to_quarantine(self, claim: Claim) -> None:
        """Publish the message that a claim moved to the quarantine lane."""
        queue = page_queue(self._deps.pool.id, "quarantine")
        self._publish(claim.quarantine_seq, queue)

    def pass_on(self) -> None:
        """Send the same message to the end of its queue, for a page that was never claimed."""
        self._publish(self._message.seq, self._message.queue)

    def _publish(self, seq: int, queue: str) -> None:
        page = Dispatch(self._message.job_id, self._message.page, seq, queue)
        self._deps.dispatcher.publish([page])

    def is_taken(self) -> bool:
        """Renew the lease; True if another worker has the page or it is already done."""
        deps = self._deps
        renewed = deps.dispatch_state.pages.renew(deps.pool.id, deps.worker, [self._inflight.page])
        return bool(renewed.taken)

    def finish(self, result: PageResult) -> bool:
        """Mark the page as done; returns whether its open job still lacked a result for it."""
        deps, message = self._deps, self._message
        lane = lane_of(message.queue)
        self.stop_renewal()
        finished = deps.dispatch_state.pages.finish(
            deps.pool.id,
            lane,
            message.job_id,
            message.page,
            result.status,
            deps.worker,
            round(result.worker_s * 1000),
        )
        if finished.reduce:
            deps.dispatcher.reduce(message.job_id)
        if finished.low:
            self.top_up_lane()
        return finished.open

    def release(self, blame: Blame = "none") -> bool:
        """Return the page to its queue; whether this worker held it and it is queued again."""
        deps = self._deps
        self.stop_renewal()
        pages = deps.dispatch_state.pages.release(
            deps.pool.id, deps.worker, [self._inflight.page], blame
        )
        deps.dispatcher.publish(pages)
        return bool(pages)

    def top_up_lane(self) -> None:
        """Dispatch further pages to the lane that the page came from."""
        self._deps.dispatcher.top_up(self._deps.pool.id, lane_of(self._message.queue))

    def drop(self) -> None:
        """End the lease on a page whose job was purged or has ended."""
        deps, message = self._deps, self._message
        self.stop_renewal()
        deps.dispatch_state.pages.drop(deps.pool.id, message.job_id, message.page, deps.worker)

    def stop_renewal(self) -> None:
        """Stop the renewal of the lease; alone, this leaves the lease to its expiry."""
        self._inflight.claimed = False
