"""Looks up in the store how jobs ended for which the collection has no end.

The process that ends a job may die before it has told the collection, or be of a release that does
not do so. What is found is added to the collection, so each job is looked up once.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from shared.domain.collections.records import End, EndsPart
from shared.domain.records.base import MAX_TIME
from shared.jobs.collections.collection_store import CollectionStore
from shared.jobs.collections.end_log import end_of
from shared.jobs.job_store import READERS, JobStore

#: Jobs that are looked up before their ends are stored.
_BATCH = 1_000


def look_up(
    jobs: JobStore, collection: CollectionStore, job_ids: Iterable[str], known: Mapping[str, End]
) -> list[End]:
    """The ends that ``known`` lacks or that differ there; they are added to the collection.

    Raises StoreUnreachable.
    """
    found: list[End] = []
    ids = list(job_ids)
    with ThreadPoolExecutor(READERS, thread_name_prefix="lookups") as pool:
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            ended = [end for end in pool.map(lambda each: _end(jobs, each), batch) if end]
            new = [_dated_after(end, known.get(end.job_id)) for end in ended]
            changed = [end for end in new if _differs(end, known.get(end.job_id))]
            if changed:
                collection.ends.append(EndsPart.of(changed))
            found += changed
    return found


def _end(jobs: JobStore, job_id: str) -> End | None:
    done = jobs.done(job_id)
    return None if done is None else end_of(job_id, done, None)


def _dated_after(end: End, known: End | None) -> End:
    """``end`` dated after what is known: the clocks of two machines may differ."""
    if known is None:
        return end
    at = min(max(end.at, known.at + 0.001), MAX_TIME)
    return end._replace(at=at, worker_s=known.worker_s)


def _differs(end: End, known: End | None) -> bool:
    return known is None or end._replace(at=0, worker_s=None) != known._replace(at=0, worker_s=None)
