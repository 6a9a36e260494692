"""What the steps of a page are told about it."""

from dataclasses import dataclass

from shared.domain.records.job import Manifest
from workers.inflight.cancellation import Cancellation


@dataclass(frozen=True)
class PageToRead:
    """A page of a job, the number of this attempt from 1, and what aborts it."""

    manifest: Manifest
    page: int
    attempt: int
    cancellation: Cancellation
