"""What the page task of one worker process depends on."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ParamSpec, TypeVar

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain.errors import BrokerUnreachable, StoreUnreachable
from shared.domain.pools import Pool
from shared.domain.records.page_result import EngineInfo
from shared.jobs.job_store import JobStore
from workers.inflight.cancellation import Cancellation, retry_through_outage
from workers.inflight.inflight_pages import InflightPages
from workers.observability.page_observer import PageObserver
from workers.pipeline.page_pipeline import Pipeline
from workers.tasks.gate import Gate
from workers.tasks.manifest_cache import ManifestCache
from workers.tasks.merging.job_end import JobEnd

log = logging.getLogger("pagefleet.page")
OUTAGE_ERRORS = (StoreUnreachable, BrokerUnreachable)
#: Pause before a page is released because of a fault of this machine.
TRANSIENT_PAUSE_S = 2.0
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class PageTaskContext:
    """Services, shared state and limits of one pages process."""

    worker: str
    engine: EngineInfo
    dispatch_state: DispatchState
    dispatcher: Dispatcher
    jobs: JobStore
    manifests: ManifestCache
    pipeline: Pipeline
    inflight_pages: InflightPages
    gate: Gate
    observer: PageObserver
    max_attempts: int
    #: Called once or more when the engine is dead; starts the end of the process.
    engine_died: Callable[[], None]
    transient_pause_s: float = TRANSIENT_PAUSE_S
    #: Reads with the fallback engine; None where the worker's engine is that engine.
    fallback: Pipeline | None = None
    #: Merges small documents here; None where reducers merge all of them.
    job_end: JobEnd | None = None

    @cached_property
    def pool(self) -> Pool:
        """The pool of this worker."""
        return self.engine.pool


def through_outage(
    cancellation: Cancellation,
    operation: Callable[_Arguments, _Result],
    *args: _Arguments.args,
    **kwargs: _Arguments.kwargs,
) -> _Result:
    """Repeat a call while the broker or the store is down; raises Aborted."""
    call = partial(operation, *args, **kwargs)
    return retry_through_outage(cancellation, call, OUTAGE_ERRORS, _log_outage)


def _log_outage(error: Exception) -> None:
    log.warning("waiting until the outage ends: %s", error)
