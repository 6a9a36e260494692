"""Traces of pages from submission to document, for OpenTelemetry; off by default.

A job's trace id and the id of its first span are computed from the job id, so that every process
can continue the trace and none has to store it. The context travels in the message's headers
(W3C ``traceparent``).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Nanoseconds since the epoch, beside ``traceparent`` in a message's headers.
SENT_HEADER = "pagefleet_sent"
PARENT_HEADER = "traceparent"


@dataclass(frozen=True)
class Stage:
    """One stage of processing a page; nanoseconds since the epoch."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class PageTrace:
    """One attempt of a worker at a page, reported when it ends."""

    job_id: str
    page: int
    headers: Mapping[str, object]
    start_ns: int
    end_ns: int
    stages: tuple[Stage, ...] = ()
    attributes: Mapping[str, str | int | float] = field(default_factory=dict)
    #: Why the attempt failed, or None.
    error: str | None = None


class Tracing:
    """Records nothing; the base class of tracing that does."""

    #: Whether callers must call ``page``.
    active = False

    def headers(self, job_id: str) -> dict[str, str]:
        """Headers of a message that is about a job."""
        return {}

    def submitted(self, job_id: str, start_ns: int, pages: int) -> None:
        """A job was created and its first pages were dispatched."""

    def page(self, trace: PageTrace) -> None:
        """A page was finished or released."""

    def reduced(
        self, job_id: str, headers: Mapping[str, object], start_ns: int, status: str
    ) -> None:
        """A reducer handled a job; ``status`` is how that ended."""


def now_ns() -> int:
    """Nanoseconds since the epoch."""
    return time.time_ns()
