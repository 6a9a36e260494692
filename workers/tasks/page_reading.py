"""Reads a claimed page and turns every fault into a result, an abort or an error of the page."""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from shared.domain.errors import (
    EngineDead,
    NewerRelease,
    NotFound,
    PageError,
    PagefleetError,
    Quarantined,
    TransientError,
)
from shared.domain.records.page_result import PageResult
from shared.jobs.moving import move_to_own_pool
from workers.inflight.cancellation import Aborted, Reason
from workers.pipeline.page_pipeline import Pipeline
from workers.pipeline.page_to_read import PageToRead
from workers.tasks.first_reports import FirstReports
from workers.tasks.page_attempt import PageAttempt
from workers.tasks.page_context import PageTaskContext, through_outage
from workers.tasks.received_page import ReceivedPage

log = logging.getLogger("pagefleet.page")
_RANDOM = random.SystemRandom()


class InternalError(PageError):
    """Something in pagefleet failed on this page."""

    code = "internal"


class PageReading:
    """Thread-safe; outages of the broker and the store are waited out."""

    def __init__(self, context: PageTaskContext) -> None:
        self._context = context
        self._newer_jobs = FirstReports()

    def read(self, attempt: PageAttempt) -> PageResult:
        """The page's result, perhaps one that an earlier holder has stored.

        Raises Aborted where this worker must return the page without blame, and DocumentError
        (PageError for the page alone) where reading failed.
        """
        if attempt.claim.outcome == "dead_lettered":
            raise Quarantined("the worker process died each time this page was tried alone")
        stored = attempt.received.records.good_result() if attempt.may_have_result else None
        return stored if stored is not None else self._read_here(attempt)

    def _read_here(self, attempt: PageAttempt) -> PageResult:
        """Read with this worker's engine."""
        with self._faults(attempt):
            self._check_pool(attempt)
            try:
                return self._run(self._context.pipeline, attempt)
            except EngineDead as error:
                log.error("the engine died: %s", error.message)
                self._context.engine_died()
                raise Aborted(Reason.ENGINE_DEAD) from error

    def read_with(self, pipeline: Pipeline, attempt: PageAttempt) -> PageResult:
        """Read with another engine, whose end is not the end of this process; see ``read``."""
        with self._faults(attempt):
            return self._run(pipeline, attempt)

    @contextmanager
    def _faults(self, attempt: PageAttempt) -> Iterator[None]:
        """Turn faults of this machine into Aborted, and bugs into errors of the page."""
        try:
            yield
        except TransientError as error:
            log.error("page %s is released: %s", attempt.page_id, error.message)
            attempt.received.measurement.returned(error.message)
            attempt.received.inflight.sleep(self._context.transient_pause_s)
            raise Aborted(Reason.MACHINE_FAULT) from error
        except NotFound as error:
            raise self._source_missing(attempt, error) from error
        except (PagefleetError, Aborted):
            raise
        except Exception as error:  # a bug costs the page an attempt, and not the worker
            log.exception("page %s failed because of a bug", attempt.page_id)
            raise InternalError(f"{type(error).__name__}: {error}") from error

    def _check_pool(self, attempt: PageAttempt) -> None:
        """Abort a page of another pool, after its job has been moved into that pool.

        A producer or sweeper of an earlier release put it into the pool of the default model.
        """
        needed, own = attempt.options.pool, self._context.pool
        if needed == own:
            return
        if needed.id == own.id:
            raise InternalError(f"the pools {needed} and {own} have the same id")
        log.warning("page %s belongs to pool %s", attempt.page_id, needed.id)
        self._move_to_own_pool(attempt)
        raise Aborted(Reason.OTHER_POOL)

    def _move_to_own_pool(self, attempt: PageAttempt) -> None:
        through_outage(
            attempt.received.inflight,
            move_to_own_pool,
            attempt.manifest,
            self._context.dispatch_state,
            self._context.dispatcher,
        )

    def leave_to_newer(self, page: ReceivedPage, error: NewerRelease) -> NoReturn:
        """Abort a page that only workers of a newer release can read, after a pause.

        Logs each of these jobs once.
        """
        if self._newer_jobs.is_first(page.message.job_id):
            log.error("page %s waits for a newer worker: %s", page.inflight.page_id, error.message)
        # Pauses of one length could return the page to the same worker each time.
        page.inflight.sleep(self._context.transient_pause_s * _RANDOM.uniform(0.5, 1.5))
        raise Aborted(Reason.NEWER_RELEASE)

    def _run(self, pipeline: Pipeline, attempt: PageAttempt) -> PageResult:
        inflight = attempt.received.inflight
        page = PageToRead(attempt.manifest, attempt.page, attempt.number, inflight)
        return through_outage(inflight, pipeline.read, page)

    def _source_missing(self, attempt: PageAttempt, error: NotFound) -> Exception:
        """The store lacks the source: the job was purged, or something is wrong here."""
        if attempt.received.records.is_purged():
            return Aborted(Reason.PURGED)
        return InternalError(f"the stored source is gone: {error.message}")
