"""Pages and worker time by the labels of jobs, such as the tenant, with a bound on the values.

Labels come from submitters, and each value is one more time series in Prometheus. So a process
keeps the first values that it meets and counts all others as ``other``.
"""

import threading
from collections.abc import Iterable, Mapping

from prometheus_client import Counter

#: The value that stands for all values beyond the limit.
OTHER = "other"
#: Characters of a value; longer ones are cut.
MAX_CHARACTERS = 64

LABEL_PAGES = Counter(
    "pagefleet_label_pages",
    "Pages that this process finished, by a job label of the setting cost_labels; value is empty "
    "for jobs without the label, and other beyond cost_label_values.",
    ["label", "value", "status"],
)
LABEL_WORKER_SECONDS = Counter(
    "pagefleet_label_worker_seconds",
    "pagefleet_page_worker_seconds_total by a job label of the setting cost_labels.",
    ["label", "value", "outcome"],
)
Shares = tuple[tuple[str, str], ...]


class CostLabels:
    """The labels that are counted; thread-safe."""

    def __init__(self, names: Iterable[str] = (), most: int = 1) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._known: dict[str, set[str]] = {name: set() for name in names}

    def of(self, labels: Mapping[str, str]) -> Shares:
        """(label, value) of a job for each label that is counted."""
        return tuple((name, self._bounded(name, labels.get(name, ""))) for name in self._known)

    def _bounded(self, name: str, value: str) -> str:
        short = value[:MAX_CHARACTERS]
        if not short:
            return short
        with self._lock:
            known = self._known[name]
            if short not in known and len(known) < self._most:
                known.add(short)
            return short if short in known else OTHER


def count_page(shares: Shares, status: str) -> None:
    """A page of a job with these labels ended."""
    for name, value in shares:
        LABEL_PAGES.labels(name, value, status).inc()


def count_time(shares: Shares, outcome: str, seconds: float) -> None:
    """A worker spent its share of time on a page of such a job."""
    for name, value in shares:
        LABEL_WORKER_SECONDS.labels(name, value, outcome).inc(seconds)
