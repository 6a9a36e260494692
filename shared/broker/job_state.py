"""Open jobs in the dispatch state: progress, turns, and tombstones of jobs that ended."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, cast

from shared.broker.connection import KEY_PREFIX
from shared.broker.pool_state import MAX_POOLS
from shared.broker.scripts import Scripts
from shared.broker.untrusted_json import is_number, is_short_text
from shared.config.tenant_settings import OTHER
from shared.domain.lanes import Priority
from shared.domain.page_ranges import PageRange
from shared.domain.pools import engine_of
from shared.domain.records.job import Counts
from shared.domain.serialization.compatibility import TENANTS

#: Seconds that the broker remembers a job which is no longer open.
TOMBSTONE_S = 3600
#: The open jobs whose pages are all done, by the time of their last page.
FINISHED_KEY = f"{KEY_PREFIX}finished"


@dataclass(frozen=True)
class JobProgress:
    """Progress of an open job."""

    job_id: str
    pool: str
    priority: Priority
    state: str
    total: int
    done: int
    counts: Counts
    #: Pages that had a result when the job was opened here.
    already: int
    created: float
    #: When it was opened, and when a page was last dispatched or done, by the broker's clock.
    opened: float
    touched: float
    reduce_since: float | None
    #: Worker milliseconds of the pages marked since the job was opened here.
    worker_ms: int = 0

    @property
    def engine(self) -> str:
        """The engine of its pool."""
        return engine_of(self.pool)


@dataclass(frozen=True)
class ClosedJob:
    """A job that was open until now; ``seconds`` since it was submitted or reopened."""

    pool: str
    priority: str
    seconds: float


class JobState:
    """The broker's record of jobs; thread-safe; raises BrokerUnreachable."""

    def __init__(self, scripts: Scripts, level: Callable[[], int]) -> None:
        """``level`` returns the compatibility level for new jobs."""
        self._scripts = scripts
        self._settings = scripts.settings
        self._level = level
        self._named_tenants = {"", OTHER, *self._settings.tenant_limits()}

    def open(
        self,
        job_id: str,
        pool: str,
        priority: Priority,
        created: float,
        total: int,
        counts: Counts,
        done_pages: Iterable[int],
        todo: Sequence[PageRange],
        verify: bool = False,
        labels: Mapping[str, str] = MappingProxyType({}),
    ) -> Literal["opened", "already", "full"]:
        """Open a job for dispatch; "full" leaves it to the sweeper, which finds it in the store.

        ``verify`` says that pages may have results that this broker has no record of. The tenant
        is one of ``labels``.
        """
        tenant = self._tenant(labels)
        most = -1 if tenant in self._named_tenants else self._settings.max_tenants
        answer = self._scripts.run(
            "open_job", job_id, pool, priority, total, created, _bitmap(done_pages),
            counts.ok, counts.blank, counts.failed, self._settings.max_open_jobs,
            int(verify), MAX_POOLS, _argument(tenant), most,
            *(f"{first}-{last}" for first, last in todo),
        )  # fmt: skip
        return "opened" if answer == 1 else "already" if answer == 0 else "full"

    def forget(self, job_id: str) -> None:
        """Remove all records of a job that is purged or is about to start again."""
        self._close(job_id, "", 0)

    def end(self, job_id: str) -> ClosedJob | None:
        """Close a job that has its ``_DONE``; duplicate messages of its pages are dropped.

        None unless it was open here.
        """
        closed = self._close(job_id, "ended")
        return ClosedJob(closed[0], closed[1], max(0, closed[2]) / 1000) if closed else None

    def end_cancelled(self, job_id: str) -> None:
        """Like ``end`` for a job in state "cancelled"; in any other state it changes nothing."""
        self._close(job_id, "ended", only_from="cancelled")

    def cancel(self, job_id: str) -> None:
        """Stop a job: no further page is dispatched, queued messages are dropped."""
        self._close(job_id, "cancelled")

    def reopen(self, job_id: str) -> None:
        """Clear the state "cancelled" of a job that is about to be opened again."""
        self._close(job_id, "reopened")

    def keep_cancelled(self, job_id: str) -> str:
        """Extend the state "cancelled", or set it again where it was lost; returns the state."""
        return str(self._scripts.run("keep_cancelled", job_id, TOMBSTONE_S))

    def state(self, job_id: str) -> str | None:
        """One of "open", "cancelled", "ended" and "reopened"; None where the job is unknown."""
        state: str | None = self._scripts.call("hget", _job_key(job_id), "state")
        return state

    def has_room(self, pool: str, priority: str, labels: Mapping[str, str]) -> bool:
        """Whether another job of this pool, priority and tenant may be opened."""
        most, tenant = self._settings.max_open_jobs, _argument(self._tenant(labels))
        return bool(self._scripts.run("has_room", pool, priority, most, tenant))

    def _tenant(self, labels: Mapping[str, str]) -> str | None:
        """The tenant; None without tenants, which workers of the first release do not dispatch."""
        tenant = self._settings.tenant(labels)
        return None if tenant is None or self._level() < TENANTS else tenant

    def ids(self, pool: str, priority: str) -> list[str]:
        """Ids of the open jobs of a pool and priority, oldest first."""
        return list(self._scripts.call("zrange", f"{KEY_PREFIX}jobs:{pool}:{priority}", 0, -1))

    def progress(self, job_id: str) -> JobProgress | None:
        """Progress of a job, or None where it is not open here."""
        fields = self._scripts.call("hgetall", _job_key(job_id))
        return job_progress(job_id, fields)

    def waiting_ranges(self, job_id: str) -> int:
        """How many page ranges of a job are not dispatched yet."""
        return int(self._scripts.call("llen", f"{KEY_PREFIX}todo:{job_id}"))

    def unfinished(self, job_id: str, pages: Iterable[int]) -> list[int]:
        """Those of ``pages`` that are not marked done."""
        numbers = list(pages)
        marks = self._scripts.call_many(
            [("getbit", f"{KEY_PREFIX}done:{job_id}", page) for page in numbers]
        )
        return [page for page, mark in zip(numbers, marks, strict=True) if not mark]

    def redo(self, job_id: str, pages: Iterable[int]) -> int:
        """Dispatch pages again whose result is missing from the store; returns how many wait."""
        return int(self._scripts.run("redo", job_id, *pages))

    def claim_reducer(self, job_id: str) -> None:
        """Record that a reduce message of the job is sent now."""
        self._scripts.run("stamp", job_id, "reduce")

    def touch(self, job_id: str) -> None:
        """Record that the sweeper checked the job now."""
        self._scripts.run("stamp", job_id, "touched")

    def _close(
        self, job_id: str, state: str, seconds: int = TOMBSTONE_S, only_from: str = ""
    ) -> list[Any]:
        return list(self._scripts.run("close_job", job_id, state, seconds, only_from))


def job_progress(job_id: str, fields: Mapping[str, str]) -> JobProgress | None:
    """Progress of a job from its Redis hash; None where it is not open or has other fields."""
    try:
        progress = _parsed(job_id, fields) if "total" in fields else None
    except (KeyError, ValueError):
        return None
    return progress if progress is not None and _is_plausible(progress) else None


def _is_plausible(job: JobProgress) -> bool:
    times = (job.created, job.opened, job.touched, job.reduce_since or 0)
    numbers = (job.total, job.done, job.already, job.worker_ms)
    return all(map(is_number, (*times, *numbers))) and is_short_text(job.job_id)


def _parsed(job_id: str, fields: Mapping[str, str]) -> JobProgress:
    counts = Counts(ok=fields["ok"], blank=fields["blank"], failed=fields["failed"])
    return JobProgress(
        job_id=job_id,
        pool=fields["engine"],
        priority=cast(Priority, fields["priority"]),
        state=fields["state"],
        total=int(fields["total"]),
        done=int(fields["done"]),
        counts=counts,
        already=int(fields["already"]),
        created=float(fields["created"]),
        opened=float(fields["opened"]),
        touched=float(fields.get("touched", 0)),
        reduce_since=float(fields["reduce"]) if "reduce" in fields else None,
        worker_ms=int(fields.get("worker_ms", 0)),
    )


def _argument(tenant: str | None) -> str:
    """Distinguishes the tenant of jobs without the label from no tenant."""
    return "" if tenant is None else f"={tenant}"


def _job_key(job_id: str) -> str:
    return f"{KEY_PREFIX}job:{job_id}"


def _bitmap(pages: Iterable[int]) -> bytes:
    """Redis bit order: bit N is the (N % 8)-th highest bit of byte N // 8."""
    bits = bytearray()
    for page in pages:
        bits.extend(bytes(max(0, page // 8 + 1 - len(bits))))
        bits[page // 8] |= 0x80 >> page % 8
    return bytes(bits)
