"""Opens a job of the store for dispatch: a new one, a resumed one or a lost one."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from shared.broker.dispatch_state import DispatchState
from shared.domain.errors import BrokerFull, NotFound
from shared.domain.page_ranges import count
from shared.domain.records.job import Counts, Manifest
from shared.domain.retry import doubling, retry
from shared.jobs.job_store import JobStore, PageStates, missing_pages

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

_NOTHING = PageStates(frozenset(), frozenset())
#: Seconds to wait, one after the other, for a full broker to accept the job.
PAUSES_S = doubling(0.5, 5)
#: How often the results are listed at most; each reading deletes the empty ones that it meets.
LISTINGS = 10


def open_job(
    manifest: Manifest,
    jobs: JobStore,
    dispatch_state: DispatchState,
    dispatcher: "Dispatcher",
    *,
    fresh: bool = False,
    pauses_s: Sequence[float] = PAUSES_S,
) -> None:
    """Record the pages without a result as work and dispatch them.

    ``fresh`` says that no page has a result yet. Idempotent: an open job and a job in state
    "cancelled" stay as they are. While the broker is full this waits for ``pauses_s``; after
    that it leaves the job to the sweeper, which finds it in the store.
    """
    dispatch_state, dispatcher = dispatch_state.of(manifest.job_id), dispatcher.of(manifest.job_id)
    try:
        retry(
            lambda: _open(manifest, jobs, dispatch_state, dispatcher, fresh), BrokerFull, pauses_s
        )
    except BrokerFull:
        return


def _open(
    manifest: Manifest,
    jobs: JobStore,
    dispatch_state: DispatchState,
    dispatcher: "Dispatcher",
    fresh: bool,
) -> None:
    states, counts = (_NOTHING, Counts()) if fresh else _found(jobs, manifest.job_id)
    pool = manifest.options.pool.id
    todo = missing_pages(manifest, states)
    answer = dispatch_state.jobs.open(
        job_id=manifest.job_id,
        pool=pool,
        priority=manifest.priority,
        created=manifest.created,
        total=count(manifest.page_ranges),
        counts=counts,
        # A page of a higher number would make a large bitmap.
        done_pages=[page for page in states.all if page <= manifest.page_count],
        todo=todo,
        verify=not fresh,
        labels=manifest.labels,
    )
    if answer == "full":
        return
    if not todo:
        dispatcher.reduce(manifest.job_id)
    dispatcher.top_up(pool, manifest.priority, force=True)


def _found(jobs: JobStore, job_id: str) -> tuple[PageStates, Counts]:
    """The pages with results, listed again where empty results were deleted while they were read.

    Raises NotFound where results vanish each time.
    """
    for _ in range(LISTINGS - 1):
        states = jobs.page_states(job_id)
        with suppress(NotFound):
            return states, jobs.count(job_id, states)
    states = jobs.page_states(job_id)
    return states, jobs.count(job_id, states)
