"""Cost of pages in worker seconds, and in money where a price is set.

A worker is one engine with the GPUs it owns. Its time is divided equally among the pages in
flight, so the seconds of all pages add up to the time in which the worker had any page in flight.
Idle time is not attributed to pages; docs/metrics.md explains the cost of a whole fleet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.domain.records.page_result import PageResult


@dataclass(frozen=True)
class Usage:
    """Worker seconds of ``pages`` pages; costs are in the currency of ``price_per_hour``."""

    pages: int
    worker_s: float
    price_per_hour: float | None = None

    @property
    def cost(self) -> float | None:
        """Cost of these pages; None without a price."""
        if self.price_per_hour is None:
            return None
        return self.worker_s / 3600 * self.price_per_hour

    @property
    def cost_per_million_pages(self) -> float | None:
        """Cost of a million pages at this average; None without a price or a page."""
        cost = self.cost
        return None if cost is None or not self.pages else cost / self.pages * 1_000_000

    def as_plain(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "worker_seconds": round(self.worker_s, 3),
            "cost": _rounded(self.cost, 6),
            "cost_per_million_pages": _rounded(self.cost_per_million_pages, 2),
        }


def usage_of(results: Iterable[PageResult], price_per_hour: float | None = None) -> Usage:
    """Sum of the worker seconds of ``results``, of any status."""
    pages, seconds = 0, 0.0
    for result in results:
        pages += 1
        seconds += result.worker_s
    return Usage(pages, seconds, price_per_hour)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
