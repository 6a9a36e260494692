"""The page task: claim, read, store, mark, and only then acknowledge.

Every way out of ``handle`` leaves the page in exactly one place: marked done, waiting in a
queue, held by another worker, or dropped with its job. Returning acknowledges the message.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import Blame, Claim, Dispatch, page_id
from shared.broker.queues import lane_of, page_queue
from shared.domain.errors import (
    BrokerUnreachable,
    DocumentError,
    EngineDead,
    NotFound,
    PageError,
    PagefleetError,
    Quarantined,
    StoreUnreachable,
    TransientError,
)
from shared.domain.lanes import Lane
from shared.domain.records import EngineInfo, ErrorInfo, Manifest, PageMessage, PageResult
from shared.jobs.job_store import JobStore
from workers.inflight import Aborted, InflightPage, InflightPages, Reason, retry_through_outage
from workers.observability.page_observer import PageObserver
from workers.pipeline.page_pipeline import Pipeline
from workers.tasks.foreign_pages import ModelMismatchBackoff
from workers.tasks.gate import Gate
from workers.tasks.late_result import withdraw_if_late
from workers.tasks.manifests import Manifests

log = logging.getLogger("pagefleet.page")
SERVICES_AWAY = (StoreUnreachable, BrokerUnreachable)
UNWELL_PAUSE_S = 2.0
_BLAMES: dict[Reason, Blame] = {Reason.ENGINE_DEAD: "suspect", Reason.FOREIGN: "foreign"}
_Result = TypeVar("_Result")


class EngineBug(PageError):
    """Something in pagefleet failed on this page."""

    code = "internal"


@dataclass(frozen=True)
class Station:
    """What a pages worker has at hand."""

    worker: str
    engine: EngineInfo
    dispatch_state: DispatchState
    dispatcher: Dispatcher
    jobs: JobStore
    manifests: Manifests
    pipeline: Pipeline
    inflight_pages: InflightPages
    gate: Gate
    observer: PageObserver
    max_attempts: int
    #: Called once or more when the engine is dead; makes the process end in order.
    engine_died: Callable[[], None]


class PageTask:
    """Handles page messages; called by many threads at once."""

    def __init__(self, station: Station) -> None:
        self._at = station
        self._strangers = ModelMismatchBackoff()

    def handle(self, message: PageMessage) -> str:
        """Bring the page of ``message`` to an end, or give it back; returns which, for people."""
        identifier = page_id(message.job_id, message.page)
        alone = lane_of(message.queue) == Lane.QUARANTINE
        with (
            self._at.inflight_pages.begin(identifier) as flight,
            self._at.observer.watching(message, flight),
        ):
            try:
                with self._entered(flight, alone=alone):
                    self._claim(message, flight)
            except Aborted as aborted:
                self._let_go(message, flight, aborted.reason)
            except Exception:  # whatever it is, the page must not wait for its lease to end
                log.exception("page %s goes back", identifier)
                with suppress(Aborted):
                    flight.sleep(UNWELL_PAUSE_S)
                self._let_go(message, flight, Reason.DRAIN)
            return flight.outcome

    @contextmanager
    def _entered(self, flight: InflightPage, *, alone: bool) -> Iterator[None]:
        """Inside the gate; a page that waits there is known to the ledger meanwhile."""
        at = self._at
        waits = at.gate.closed(alone=alone)
        if waits:
            self._retry_through_outage(
                flight, lambda: at.dispatch_state.pages.register_waiting(at.worker, flight.page)
            )
        with at.gate.entered(flight, alone=alone):
            yield
        if waits and not flight.claimed:
            self._retry_through_outage(
                flight, lambda: at.dispatch_state.pages.unregister_waiting(at.worker, flight.page)
            )

    def _claim(self, message: PageMessage, flight: InflightPage) -> None:
        at = self._at
        claim = self._retry_through_outage(
            flight,
            lambda: at.dispatch_state.pages.claim(
                at.engine.name,
                message.queue,
                message.job_id,
                message.page,
                message.seq,
                at.worker,
                flight.token,
            ),
        )
        flight.outcome = claim.outcome
        flight.claimed = claim.outcome in ("claimed", "unknown", "dead_lettered")
        if claim.outcome == "quarantine":
            queue = page_queue(at.engine.name, Lane.QUARANTINE)
            page = Dispatch(message.job_id, message.page, claim.quarantine_seq, queue)
            self._retry_through_outage(flight, lambda: at.dispatcher.publish([page]))
        elif flight.claimed:
            at.observer.claimed(message, flight, claim.attempts + 1)
            self._hold(message, claim, flight)

    def _hold(self, message: PageMessage, claim: Claim, flight: InflightPage) -> None:
        manifest = self._retry_through_outage(flight, lambda: self._wanted(message, claim))
        if manifest is None:
            flight.claimed = False
            self._retry_through_outage(flight, lambda: self._drop(message))
            return
        if claim.outcome == "dead_lettered":
            reason = Quarantined("the worker process died each time this page was tried alone")
            self._commit(message, flight, self._failure(manifest, message, claim, reason))
            return
        result = self._outcome(manifest, message, claim, flight)
        if result is not None:
            self._commit(message, flight, result)

    def _wanted(self, message: PageMessage, claim: Claim) -> Manifest | None:
        """The manifest, unless the job was purged or has ended."""
        if claim.outcome == "unknown":
            if self._at.jobs.done(message.job_id) is not None:
                return None
            return self._at.manifests.fresh(message.job_id)
        return self._at.manifests.get(message.job_id)

    def _outcome(
        self, manifest: Manifest, message: PageMessage, claim: Claim, flight: InflightPage
    ) -> PageResult | None:
        """The result to commit; None where the page was given back."""
        if claim.verify or claim.outcome == "unknown" or claim.attempts or claim.suspicion:
            # An earlier holder may have stored the result and died before marking it.
            known = self._retry_through_outage(flight, lambda: self._good_result(message))
            if known is not None:
                return known
        try:
            return self._read_here(manifest, message, claim, flight)
        except PageError as error:
            return self._failed_once(manifest, message, claim, flight, error)
        except DocumentError as error:
            return self._failure(manifest, message, claim, error)

    def _read_here(
        self, manifest: Manifest, message: PageMessage, claim: Claim, flight: InflightPage
    ) -> PageResult:
        """Read the page; what is wrong with this machine makes it let go without blame."""
        try:
            return self._read(manifest, message, claim, flight)
        except EngineDead as error:
            log.error("the engine died: %s", error.message)
            self._at.engine_died()
            raise Aborted(Reason.ENGINE_DEAD) from error
        except TransientError as error:
            log.error("page %s goes back: %s", flight.page, error.message)
            flight.sleep(UNWELL_PAUSE_S)
            raise Aborted(Reason.DRAIN) from error
        except NotFound as error:
            if self._at.manifests.fresh(message.job_id) is None:
                raise Aborted(Reason.PURGED) from error
            raise EngineBug(f"the stored source is gone: {error.message}") from error
        except (PagefleetError, Aborted):
            raise
        except Exception as error:  # a bug of ours costs the page an attempt, not the worker
            log.exception("page %s hit a bug", flight.page)
            raise EngineBug(f"{type(error).__name__}: {error}") from error

    def _failed_once(
        self,
        manifest: Manifest,
        message: PageMessage,
        claim: Claim,
        flight: InflightPage,
        error: PageError,
    ) -> PageResult | None:
        """The failure as a result once it is final; before that the page is queued again."""
        if error.final or claim.attempts + 1 >= self._at.max_attempts:
            return self._failure(manifest, message, claim, error)
        log.warning("page %s failed, trying again: %s", flight.page, error.message)
        self._at.observer.returns(flight, "attempt")
        flight.claimed = False
        self._retry_through_outage(flight, lambda: self._return(flight, "attempt"))
        return None

    def _read(
        self, manifest: Manifest, message: PageMessage, claim: Claim, flight: InflightPage
    ) -> PageResult:
        if manifest.options.model != self._at.engine.model:
            if self._strangers.is_news(message.job_id):
                log.error(
                    "page %s wants model %s, this worker has %s; its job is left to others",
                    flight.page, manifest.options.model, self._at.engine.model,
                )  # fmt: skip
            flight.sleep(self._strangers.pause(flight.page))
            raise Aborted(Reason.FOREIGN)
        attempts = claim.attempts + 1
        return self._retry_through_outage(
            flight, lambda: self._at.pipeline.read(manifest, message.page, attempts, flight)
        )

    def _good_result(self, message: PageMessage) -> PageResult | None:
        return self._at.jobs.good_result(message.job_id, message.page)

    def _commit(self, message: PageMessage, flight: InflightPage, result: PageResult) -> None:
        """Store first, then mark; the order is what makes a crash harmless."""
        at = self._at
        if result.status == "failed" and flight.claimed:
            # Somebody else may have read it while this process stood still.
            answer = self._retry_through_outage(
                flight,
                lambda: at.dispatch_state.pages.renew(at.engine.name, at.worker, [flight.page]),
            )
            if answer.taken:
                raise Aborted(Reason.TAKEN)
        flight.check_wanted()
        priced = at.observer.priced(flight, result)
        stored = self._retry_through_outage(flight, lambda: at.jobs.write_result(priced))
        flight.claimed = False
        wanted = self._retry_through_outage(flight, lambda: self._mark(message, stored))
        if not wanted and stored is priced:
            self._retry_through_outage(flight, lambda: withdraw_if_late(at.jobs, priced))
        at.observer.committed(flight, stored, mine=stored is priced)

    def _mark(self, message: PageMessage, result: PageResult) -> bool:
        """Whether the ledger waited for this page."""
        at = self._at
        lane = lane_of(message.queue)
        marked = at.dispatch_state.pages.finish(
            at.engine.name,
            lane,
            message.job_id,
            message.page,
            result.status,
            at.worker,
            round(result.worker_s * 1000),
        )
        if marked.reduce:
            at.dispatcher.reduce(message.job_id)
        if marked.low:
            at.dispatcher.top_up(at.engine.name, lane)
        return marked.open

    def _failure(
        self, manifest: Manifest, message: PageMessage, claim: Claim, error: PagefleetError
    ) -> PageResult:
        return PageResult(
            job_id=message.job_id,
            page=message.page,
            status="failed",
            task=manifest.options.task,
            engine=self._at.engine,
            attempts=claim.attempts + 1,
            error=ErrorInfo(code=error.code, message=error.message[:2000]),
        )

    def _let_go(self, message: PageMessage, flight: InflightPage, reason: Reason) -> None:
        """Drained, cancelled or without an engine: best effort, the lease repairs the rest."""
        self._at.observer.returns(flight, reason.value)
        try:
            claimed, flight.claimed = flight.claimed, False
            if reason is Reason.TAKEN:
                log.warning("page %s is another worker's by now", flight.page)
            elif claimed and reason is Reason.PURGED:
                self._drop(message)
            else:
                # A cancelled page too: its job may have been opened again since.
                # Also where it is not known to be claimed: the answer may have been lost.
                if not self._return(flight, _BLAMES.get(reason, "none")) and not claimed:
                    self._pass_on(message)
                if reason is Reason.FOREIGN:
                    self._at.dispatcher.top_up(self._at.engine.name, lane_of(message.queue))
        except TransientError as error:
            log.warning("page %s is left to its lease: %s", flight.page, error.message)

    def _pass_on(self, message: PageMessage) -> None:
        """Never claimed: the same message goes to the end of its queue."""
        page = Dispatch(message.job_id, message.page, message.seq, message.queue)
        self._at.dispatcher.publish([page])

    def _return(self, flight: InflightPage, blame: Blame) -> bool:
        """Whether this worker had the page and it is queued again."""
        at = self._at
        pages = at.dispatch_state.pages.release(at.engine.name, at.worker, [flight.page], blame)
        at.dispatcher.publish(pages)
        return bool(pages)

    def _retry_through_outage(
        self, flight: InflightPage, operation: Callable[[], _Result]
    ) -> _Result:
        return retry_through_outage(flight, operation, SERVICES_AWAY, self._complain)

    def _complain(self, error: Exception) -> None:
        log.warning("waiting: %s", error)

    def _drop(self, message: PageMessage) -> None:
        at = self._at
        at.dispatch_state.pages.drop(at.engine.name, message.job_id, message.page, at.worker)
