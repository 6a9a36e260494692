"""Finds the row that counts among several of the same document or job."""

from collections.abc import Iterable
from itertools import chain

from shared.domain.collections.records import End, EndsPart


def latest_ends(parts: Iterable[EndsPart]) -> dict[str, End]:
    """The latest event of each job; one without worker seconds takes those of an earlier one."""
    latest: dict[str, End] = {}
    for end in chain.from_iterable(part.rows() for part in parts):
        known = latest.get(end.job_id)
        latest[end.job_id] = end if known is None else _later(known, end)
    return latest


def _later(one: End, other: End) -> End:
    earlier, later = (one, other) if one.at <= other.at else (other, one)
    if later.worker_s is None and earlier.worker_s is not None and later.status != "open":
        return later._replace(worker_s=earlier.worker_s)
    return later
