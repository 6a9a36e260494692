"""Reads a page with the fallback engine after the job's engine has failed on it for good."""

import logging

from shared.domain.errors import (
    DocumentError,
    EngineFailed,
    PagefleetError,
    Repetition,
    Truncated,
)
from shared.domain.records.page_result import Fallback, PageResult
from workers.pipeline.page_pipeline import Pipeline
from workers.tasks.page_attempt import PageAttempt
from workers.tasks.page_context import PageTaskContext
from workers.tasks.page_reading import PageReading

log = logging.getLogger("pagefleet.page")
#: Failures of an engine that another one may not have. A page that can't be rendered, or that
#: ended the worker process, would be the same risk with any engine.
_OF_THE_ENGINE = (EngineFailed, Repetition, Truncated)


class PageFallback:
    """Thread-safe."""

    def __init__(self, context: PageTaskContext, reading: PageReading) -> None:
        self._context = context
        self._reading = reading

    def result(self, attempt: PageAttempt, error: DocumentError) -> PageResult:
        """What the fallback engine read; the failure where none may read it, or where it fails.

        Raises Aborted.
        """
        pipeline = self._pipeline(attempt, error)
        if pipeline is None:
            return attempt.failure(self._context.engine, error)
        log.warning(
            "page %s is read with the fallback engine after %s: %s",
            attempt.page_id, error.code, error.message,
        )  # fmt: skip
        try:
            return self._read(pipeline, attempt, error)
        except PagefleetError as second:
            return attempt.failure(self._context.engine, _with_second(error, second))

    def _pipeline(self, attempt: PageAttempt, error: DocumentError) -> Pipeline | None:
        wanted = attempt.options.fallback != "none" and isinstance(error, _OF_THE_ENGINE)
        return self._context.fallback if wanted else None

    def _read(self, pipeline: Pipeline, attempt: PageAttempt, error: DocumentError) -> PageResult:
        result = self._reading.read_with(pipeline, attempt)
        failure = attempt.failure(self._context.engine, error)
        if result.status != "ok" or failure.error is None:
            raise EngineFailed("it found nothing to read")
        reason = Fallback(engine=failure.engine, error=failure.error)
        return result.model_copy(update={"fallback": reason})


def _with_second(error: DocumentError, second: PagefleetError) -> DocumentError:
    """``error`` with the failure of the fallback engine in its message."""
    return type(error)(f"{error.message}; the fallback engine failed too: {second.message}")
