"""Traces of pages from submission to document, for OpenTelemetry; off unless asked for.

A job's trace id and the id of its first span follow from the job id, so that any process can
continue the trace, whoever dispatched the page, and nothing has to be kept anywhere. The context
travels in the message's headers (W3C ``traceparent``).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Nanoseconds since the epoch, beside ``traceparent`` in a message's headers.
SENT_HEADER = "pagefleet_sent"
PARENT_HEADER = "traceparent"


@dataclass(frozen=True)
class Stage:
    """A part of a page's way; nanoseconds since the epoch."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class PageTrace:
    """One page in one worker's hands, told when it is over."""

    job_id: str
    page: int
    headers: Mapping[str, object]
    start_ns: int
    end_ns: int
    stages: tuple[Stage, ...] = ()
    attributes: Mapping[str, str | int | float] = field(default_factory=dict)
    #: Why it failed, or None.
    error: str | None = None


class Tracing:
    """Traces nothing, at no cost; the base of what does."""

    #: Whether ``page`` wants to be told.
    active = False

    def headers(self, job_id: str) -> dict[str, str]:
        """Headers of a message that is about a job."""
        return {}

    def submitted(self, job_id: str, start_ns: int, pages: int) -> None:
        """A job was made and its first pages were dispatched."""

    def page(self, trace: PageTrace) -> None:
        """A page was brought to an end, or let go."""

    def reduced(
        self, job_id: str, headers: Mapping[str, object], start_ns: int, status: str
    ) -> None:
        """A reducer looked at a job."""


def now_ns() -> int:
    """Nanoseconds since the epoch."""
    return time.time_ns()
