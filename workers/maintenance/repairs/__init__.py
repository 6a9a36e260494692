"""One class per repair of what crashed processes left behind; the sweeper runs them in order."""

from collections.abc import Iterator, Sequence

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain.pools import Pool
from shared.jobs.job_store import JobStore
from workers.maintenance.own_jobs import OwnJobs
from workers.maintenance.repairs.declared_pools import DeclaredPools
from workers.maintenance.repairs.due_webhooks import DueWebhooks
from workers.maintenance.repairs.expired_jobs import ExpiredJobs
from workers.maintenance.repairs.expired_leases import ExpiredLeases
from workers.maintenance.repairs.idle_pools import IdlePools
from workers.maintenance.repairs.kubernetes.idle_pods_first import IdlePodsFirst
from workers.maintenance.repairs.kubernetes.pod_api import PodApi
from workers.maintenance.repairs.lost_messages import LostMessages
from workers.maintenance.repairs.misplaced_jobs import MisplacedJobs
from workers.maintenance.repairs.missing_reducers import MissingReducers
from workers.maintenance.repairs.repair import Repair, SweepTimings
from workers.maintenance.repairs.retention import Retention
from workers.maintenance.repairs.short_queues import ShortQueues
from workers.maintenance.repairs.stalled_jobs import StalledJobs
from workers.maintenance.repairs.unknown_markers import UnknownMarkers
from workers.maintenance.webhooks import WebhookSender


def make_repairs(
    jobs: JobStore,
    dispatch_state: DispatchState,
    dispatcher: Dispatcher,
    *,
    adopt: bool,
    pools: Sequence[Pool] = (),
    retention: Retention | None = None,
    webhooks: WebhookSender | None = None,
    pods: PodApi | None = None,
    timings: SweepTimings | None = None,
    own: OwnJobs | None = None,
) -> list[Repair]:
    """The repairs of one sweeper, in their order.

    ``adopt``: open jobs of the store too. ``pools``: those that it declares.
    ``pods``: where their deletion costs are set. ``own``: the jobs that it adopts; None: all.
    """
    timings = timings or SweepTimings()

    def in_order() -> Iterator[Repair]:
        yield ExpiredLeases(dispatch_state, dispatcher)
        yield LostMessages(dispatch_state, dispatcher, timings)
        yield ShortQueues(dispatch_state, dispatcher)
        yield DeclaredPools(dispatch_state, pools)
        yield IdlePools(dispatch_state)
        # The store's repairs come after the broker's: while the store is down, pages of dead
        # workers are still reclaimed.
        if webhooks is not None:
            yield DueWebhooks(webhooks)
        yield MissingReducers(dispatch_state, dispatcher, timings)
        yield MisplacedJobs(jobs, dispatch_state, dispatcher, timings)
        yield StalledJobs(jobs, dispatch_state, dispatcher, timings)
        if adopt:
            yield UnknownMarkers(jobs, dispatch_state, dispatcher, timings, own or OwnJobs(jobs))
        if retention is not None:
            yield ExpiredJobs(retention, dispatch_state, timings)
        if pods is not None:
            yield IdlePodsFirst(dispatch_state, pods)

    return list(in_order())


__all__ = ["Repair", "SweepTimings", "make_repairs"]
