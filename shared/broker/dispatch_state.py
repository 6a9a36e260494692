"""Hot state in Redis: who holds which page, what is queued, what is done.

Everything here can be rebuilt from the object store. Each step is one Lua script, so that
it happens wholly or not at all, by the server's clock. A dispatched page is at any time in
exactly one of: a lane's dispatch order, a lease, or its job's done bitmap.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from shared.broker.connection import KEY_PREFIX, broker_errors
from shared.broker.pools import LiveWorker, Pools
from shared.domain.page_ranges import PageRange
from shared.domain.records import Counts, PageStatus, Priority

Outcome = Literal[
    "claimed", "unknown", "dead_lettered", "done", "held", "quarantine", "cancelled", "ended"
]
Blame = Literal["none", "attempt", "suspect", "foreign"]
#: Pages one job may dispatch before the next job has its turn.
SLICE = 8
TOMBSTONE_S = 3600
#: Deaths alone in quarantine that condemn a page.
DEAD_LETTER_AFTER = 3


def page_id(job_id: str, page: int) -> str:
    """The id of a page's task, lease and ledger entries."""
    return f"{job_id}/p{page:06d}"


def split_page_id(identifier: str) -> tuple[str, int]:
    """The job and page of a ``page_id``."""
    job_id, _, page = identifier.rpartition("/p")
    return job_id, int(page)


@dataclass(frozen=True)
class Dispatch:
    """A page that the ledger counts as queued and whose message must now be published."""

    job_id: str
    page: int
    seq: int
    queue: str
    attempts: int = 0


@dataclass(frozen=True)
class Claim:
    """The answer to a worker that asks for a page."""

    outcome: Outcome
    attempts: int
    #: Times that a process died with this page in flight.
    suspicion: int
    quarantine_seq: int
    #: The page may have a result in the store that this broker does not know of.
    verify: bool


@dataclass(frozen=True)
class Finished:
    """What has to happen after a page was marked."""

    #: The job is hot and wanted this page.
    open: bool
    reduce: bool
    low: bool


@dataclass(frozen=True)
class Renewed:
    """Pages that a worker can't just go on with."""

    cancelled: list[str]
    #: Done, or another worker's by now.
    taken: list[str]
    #: Nobody held them: the broker forgot the lease, or it ran out while the worker stood still.
    retaken: list[str]


@dataclass(frozen=True)
class HotJob:
    """Progress of an open job."""

    job_id: str
    engine: str
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


class DispatchState(Pools):
    """All scripts over one connection; thread-safe; raises BrokerUnreachable."""

    # Jobs -------------------------------------------------------------------------------

    def open_job(
        self,
        job_id: str,
        engine: str,
        priority: Priority,
        created: float,
        total: int,
        counts: Counts,
        done_pages: Iterable[int],
        todo: Sequence[PageRange],
        verify: bool = False,
    ) -> Literal["opened", "already", "full"]:
        """Make a job hot; "full" leaves it to the sweeper, which finds it in the store."""
        answer = self._run(
            "open_job", job_id, engine, priority, total, created, _bitmap(done_pages),
            counts.ok, counts.blank, counts.failed, self._settings.max_open_jobs,
            int(verify), *(f"{first}-{last}" for first, last in todo),
        )  # fmt: skip
        return "opened" if answer == 1 else "already" if answer == 0 else "full"

    def forget_job(self, job_id: str) -> None:
        """Know nothing of a job any more: it is gone, or about to begin anew."""
        self._run("close_job", job_id, "", 0, "")

    def end_job(self, job_id: str) -> None:
        """Close a job that has its ``_DONE``; queued copies of its pages are dropped."""
        self._run("close_job", job_id, "ended", TOMBSTONE_S, "")

    def end_cancelled(self, job_id: str) -> None:
        """The same for a job that is cancelled; one that was opened again is left alone."""
        self._run("close_job", job_id, "ended", TOMBSTONE_S, "cancelled")

    def cancel_job(self, job_id: str) -> None:
        """Stop a job: nothing more is dispatched, queued copies are dropped."""
        self._run("close_job", job_id, "cancelled", TOMBSTONE_S, "")

    def keep_cancelled(self, job_id: str) -> str:
        """Prolong the word "cancelled", or say it again where it was lost; the state then."""
        return str(self._run("keep_cancelled", job_id, TOMBSTONE_S))

    def reopen_job(self, job_id: str) -> None:
        """Forget a job that is about to be opened again, and that it was cancelled."""
        self._run("close_job", job_id, "reopened", TOMBSTONE_S, "")

    def job_state(self, job_id: str) -> str | None:
        """ "open", for some time beside that "cancelled", "ended" or "reopened", or None."""
        state: str | None = self._call("hget", f"{KEY_PREFIX}job:{job_id}", "state")
        return state

    def has_room(self, engine: str, priority: str) -> bool:
        """Whether one more job of this kind may become hot."""
        hot = self._call("zcard", f"{KEY_PREFIX}jobs:{engine}:{priority}")
        return int(hot) < self._settings.max_open_jobs

    def waiting_ranges(self, job_id: str) -> int:
        """How many ranges of pages of a job wait to be dispatched."""
        return int(self._call("llen", f"{KEY_PREFIX}todo:{job_id}"))

    def hot_job(self, job_id: str) -> HotJob | None:
        """Progress of a job, or None where it is not hot."""
        fields = self._call("hgetall", f"{KEY_PREFIX}job:{job_id}")
        return hot_job(job_id, fields) if "total" in fields else None

    def hot_jobs(self, engine: str, priority: str) -> list[str]:
        """Ids of the open jobs of a pool, oldest first."""
        return list(self._call("zrange", f"{KEY_PREFIX}jobs:{engine}:{priority}", 0, -1))

    def redo(self, job_id: str, pages: Iterable[int]) -> int:
        """Pages whose result is missing from the store go back to their job's turns."""
        return int(self._run("redo", job_id, *pages))

    def claim_reducer(self, job_id: str) -> None:
        """Note that the reducer of a job is dispatched now."""
        self._run("stamp", job_id, "reduce")

    def touch(self, job_id: str) -> None:
        """Note that a job was looked after now."""
        self._run("stamp", job_id, "touched")

    def unfinished(self, job_id: str, pages: Iterable[int]) -> list[int]:
        """Those of ``pages`` that are not marked done."""
        numbers = list(pages)
        with broker_errors(self._settings):
            pipe = self._redis.pipeline(transaction=False)
            for page in numbers:
                pipe.getbit(f"{KEY_PREFIX}done:{job_id}", page)
            marks = pipe.execute()
        return [page for page, mark in zip(numbers, marks, strict=True) if not mark]

    # Pages ------------------------------------------------------------------------------

    def dispatch(self, engine: str, lane: str, *, force: bool = False) -> list[Dispatch]:
        """Fill a lane up to its depth from the jobs whose turn it is."""
        window = self._settings.dispatch_window
        return _dispatches(
            self._run("dispatch", engine, lane, window, SLICE, "1" if force else "0")
        )

    def claim(
        self, engine: str, queue: str, job_id: str, page: int, seq: int, worker: str, token: str
    ) -> Claim:
        """Take a page; only "claimed", "unknown" and "dead_lettered" give a lease.

        The same ``token`` again gets the same answer, so a lost answer may be asked for again.
        """
        answer = self._run(
            "claim", engine, queue, queue.rsplit(".", 1)[1], job_id, page, seq, worker,
            self.lease_s, self._settings.quarantine_after, DEAD_LETTER_AFTER, token,
        )  # fmt: skip
        attempts, suspicion, seq, verify = map(int, answer[1:])
        return Claim(cast(Outcome, answer[0]), attempts, suspicion, seq, bool(verify))

    def register_waiting(self, worker: str, page: str) -> None:
        """Note a page that a worker received and has not claimed: it may have to wait."""
        self._call("sadd", f"{KEY_PREFIX}held:{worker}", page)

    def unregister_waiting(self, worker: str, page: str) -> None:
        """The opposite of ``register_waiting``."""
        self._call("srem", f"{KEY_PREFIX}held:{worker}", page)

    def finish(
        self,
        engine: str,
        lane: str,
        job_id: str,
        page: int,
        status: PageStatus,
        worker: str,
        worker_ms: int = 0,
    ) -> Finished:
        """Mark a page that has its result in the store; idempotent."""
        window = self._settings.dispatch_window
        answer = self._run("finish", engine, lane, job_id, page, status, window, worker, worker_ms)
        return Finished(*map(bool, answer))

    def give_back(
        self, engine: str, worker: str, pages: Iterable[str], blame: Blame = "none"
    ) -> list[Dispatch]:
        """Return pages to their queue; "attempt" counts a failure of the page itself,
        "suspect" that the engine died under it."""
        return _dispatches(
            self._run("give_back", engine, self._settings.quarantine_after, blame, worker, *pages)
        )

    def drop(self, engine: str, job_id: str, page: int, worker: str) -> None:
        """Let go of a page that needs nothing more."""
        self._run("drop", engine, job_id, page, worker)

    def renew(self, engine: str, worker: str, pages: Iterable[str]) -> Renewed:
        """Prolong leases, and take pages back that nobody holds."""
        return Renewed(*map(list, self._run("renew", engine, worker, self.lease_s, *pages)))

    def reclaim(self, engine: str, worker: str) -> list[Dispatch]:
        """A worker process died: its pages become suspect and go back into a queue."""
        after = self._settings.quarantine_after
        return _dispatches(self._run("reclaim", engine, after, worker, 0, self.lease_s))

    def reclaim_expired(self, engine: str, grace_s: float) -> list[Dispatch]:
        """The same for every lease that ran out ``grace_s`` ago or earlier."""
        after = self._settings.quarantine_after
        return _dispatches(self._run("reclaim", engine, after, "", grace_s, self.lease_s))

    def held_pages(self, engine: str, job_id: str) -> list[int]:
        """Pages of a job that some worker holds a lease on."""
        held = self._call("hkeys", f"{KEY_PREFIX}holders:{engine}")
        split = [split_page_id(identifier) for identifier in held]
        return sorted(page for owner, page in split if owner == job_id)

    def overdue(self, queue: str, slack: int) -> list[str]:
        """Pages dispatched more than ``slack`` places before one that has started."""
        return list(self._run("overdue", queue, slack))

    def queued(self, queue: str, limit: int = 1000) -> list[str]:
        """The oldest pages in a lane's dispatch order."""
        return list(self._call("zrange", f"{KEY_PREFIX}queued:{queue}", 0, limit - 1))

    def queue_length(self, queue: str) -> int:
        """Messages that wait in the broker's list."""
        return int(self._call("llen", KEY_PREFIX + queue))

    def requeue(self, engine: str, queue: str, pages: Iterable[str]) -> list[Dispatch]:
        """Dispatch lost pages again, unless somebody has them after all."""
        after = self._settings.quarantine_after
        return _dispatches(self._run("requeue", engine, after, queue, *pages))

    @property
    def lease_s(self) -> float:
        """A page's lease ends a little before its message is delivered again."""
        return self._settings.lease_s * 0.9


def _dispatches(rows: list[list[Any]]) -> list[Dispatch]:
    return [Dispatch(row[0], int(row[1]), int(row[2]), *row[3:]) for row in rows]


def _bitmap(pages: Iterable[int]) -> bytes:
    """Redis bit order: bit N is the (N % 8)-th highest bit of byte N // 8."""
    bits = bytearray()
    for page in pages:
        bits.extend(bytes(max(0, page // 8 + 1 - len(bits))))
        bits[page // 8] |= 0x80 >> page % 8
    return bytes(bits)


def hot_job(job_id: str, fields: dict[str, str]) -> HotJob:
    """Progress of a job from its hash, which has a ``total``."""
    counts = Counts(ok=fields["ok"], blank=fields["blank"], failed=fields["failed"])
    return HotJob(
        job_id=job_id,
        engine=fields["engine"],
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


__all__ = ["Claim", "Dispatch", "DispatchState", "Finished", "HotJob", "LiveWorker", "Renewed"]
