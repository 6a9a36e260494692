"""Documents that are submitted, and the jobs and pages that the model keeps of them."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Document:
    """What one submission brings; ``arrives_s``: not before this time."""

    pages: int
    arrives_s: float = 0.0
    tenant: str = ""
    lane: str = "normal"


@dataclass(eq=False, slots=True)
class Job:
    """A document in the fleet."""

    document: Document
    submitted_s: float
    #: The first page that was not dispatched yet, from 0.
    next_page: int = 0
    done: int = 0
    failed: int = 0

    @property
    def left(self) -> int:
        """Pages that were not dispatched yet."""
        return self.document.pages - self.next_page


@dataclass(frozen=True, slots=True)
class Pages:
    """Neighbouring pages of one job that move together."""

    job: Job
    first: int
    count: int
    dispatched_s: float
    attempts: int = 0

    def split(self, count: int) -> "tuple[Pages, Pages]":
        """The first ``count`` pages, and the others."""
        return self.part(0, count), self.part(count, self.count - count)

    def part(self, skipped: int, count: int) -> "Pages":
        """Some of these pages."""
        first = self.first + skipped
        return Pages(self.job, first, count, self.dispatched_s, self.attempts)

    def again(self, attempts: int) -> "Pages":
        """The same pages with so many more attempts."""
        total = self.attempts + attempts
        return Pages(self.job, self.first, self.count, self.dispatched_s, total)


def equal_documents(documents: int, pages: int, tenant: str = "") -> Iterator[Document]:
    """``documents`` documents of ``pages`` pages, all submitted at the start."""
    return (Document(pages, tenant=tenant) for _ in range(documents))


def skewed_documents(pages: int, mean: float, seed: int, sigma: float = 1.5) -> Iterator[Document]:
    """Documents with ``pages`` pages together, of lognormal sizes with this mean, up to 50,000."""
    sizes = random.Random(seed)
    mu = math.log(mean) - sigma**2 / 2
    while pages > 0:
        size = min(pages, 50_000, max(1, round(sizes.lognormvariate(mu, sigma))))
        pages -= size
        yield Document(size)


def arriving_documents(per_hour: float, pages: int, hours: float, seed: int) -> Iterator[Document]:
    """Documents of ``pages`` pages that arrive at random times, ``per_hour`` on average."""
    gaps, now = random.Random(seed), 0.0
    while (now := now + gaps.expovariate(per_hour / 3600)) < hours * 3600:
        yield Document(pages, arrives_s=now)
