"""Makes a job of the store hot: the way of a new job, a resumed one and a rebuilt one."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from shared.broker.dispatch_state import DispatchState
from shared.domain.errors import BrokerFull
from shared.domain.page_ranges import count
from shared.domain.records import Counts, Manifest
from shared.jobs.job_store import JobStore, PageStates, missing_pages, selected

if TYPE_CHECKING:
    from shared.broker.dispatcher import Dispatcher

_NOTHING = PageStates(frozenset(), frozenset())
_Result = TypeVar("_Result")
#: Seconds to wait, one after the other, for a full broker to take new work.
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0)


def open_job(
    manifest: Manifest,
    jobs: JobStore,
    dispatch_state: DispatchState,
    dispatcher: "Dispatcher",
    *,
    fresh: bool = False,
    pauses_s: Sequence[float] = PAUSES_S,
) -> None:
    """Register what is left to do and dispatch it; ``fresh`` says that nothing is done yet.

    Idempotent: a job that is hot already is left as it is. A cancelled one is remembered for
    a while and left alone too, until somebody reopens it. A full broker is waited for; if that
    is no use, the job is left to the sweeper, which finds it in the store.
    """
    try:
        _retry_while_full(
            lambda: _open(manifest, jobs, dispatch_state, dispatcher, fresh), pauses_s
        )
    except BrokerFull:
        return


def _retry_while_full(operation: Callable[[], _Result], pauses_s: Sequence[float]) -> _Result:
    for pause_s in pauses_s:
        try:
            return operation()
        except BrokerFull:
            time.sleep(pause_s)
    return operation()


def _open(
    manifest: Manifest,
    jobs: JobStore,
    dispatch_state: DispatchState,
    dispatcher: "Dispatcher",
    fresh: bool,
) -> None:
    states = _NOTHING if fresh else jobs.page_states(manifest.job_id)
    counts = Counts() if fresh else jobs.count(manifest.job_id, states)
    engine = manifest.options.engine
    todo = missing_pages(manifest, states)
    dispatch_state.workers.add_engine(engine)
    answer = dispatch_state.jobs.open(
        job_id=manifest.job_id,
        engine=engine,
        priority=manifest.priority,
        created=manifest.created,
        total=count(selected(manifest)),
        counts=counts,
        done_pages=states.all,
        todo=todo,
        verify=not fresh,
    )
    if answer == "full":
        return
    if not todo:
        dispatcher.reduce(manifest.job_id)
    dispatcher.top_up(engine, manifest.priority, force=True)
