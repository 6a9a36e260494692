"""Finds the row that counts among several of the same document or job."""

from collections.abc import Iterable

from shared.domain.collections.records import End, EndsPart


def latest_ends(parts: Iterable[EndsPart]) -> dict[str, End]:
    """The latest event of each job; one without worker seconds takes those of an earlier one."""
    latest: dict[str, End] = {}
    for part in parts:
        if len(set(part.job_id)) < len(part):
            _add_each(latest, part.rows())
            continue
        rows = dict(zip(part.job_id, part.rows(), strict=True))
        known = {job_id: latest[job_id] for job_id in latest.keys() & rows.keys()}
        latest.update(rows)
        latest.update({job_id: _later(end, rows[job_id]) for job_id, end in known.items()})
    return latest


def _add_each(latest: dict[str, End], rows: Iterable[End]) -> None:
    for end in rows:
        known = latest.get(end.job_id)
        latest[end.job_id] = end if known is None else _later(known, end)


def _later(one: End, other: End) -> End:
    earlier, later = (one, other) if one.at <= other.at else (other, one)
    if later.worker_s is None and later.status != "open":
        return later._replace(worker_s=earlier.worker_s)
    return later
