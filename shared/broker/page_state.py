"""Dispatched pages: dispatch order, leases and done marks.

A dispatched page is at any time in exactly one of: a lane's dispatch order, a lease, or its
job's done bitmap.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast

from shared.broker.connection import KEY_PREFIX
from shared.broker.queues import lane_of
from shared.broker.scripts import Scripts
from shared.domain.records.page_result import PageStatus

Outcome = Literal[
    "claimed", "unknown", "dead_lettered", "done", "held", "quarantine", "cancelled", "ended"
]
#: Why a page is released: "attempt" counts a failure of the page itself, "suspect" says that the
#: engine died while the page was in flight.
Blame = Literal["none", "attempt", "suspect"]
#: Pages one job may dispatch before the next job has its turn.
SLICE = 8
#: Deaths alone in quarantine after which a page is dead-lettered.
DEAD_LETTER_AFTER = 3
#: The number in a page id; any client of the broker can write another text.
_NUMBER = re.compile(r"[0-9]{6,9}")


def page_id(job_id: str, page: int) -> str:
    """The id of a page's task, lease and ledger entries."""
    return f"{job_id}/p{page:06d}"


def job_of(identifier: str) -> str:
    """The job in a page id."""
    return identifier.rpartition("/p")[0]


def page_of(job_id: str, identifier: str) -> int | None:
    """The page of this job that ``identifier`` names; None for other jobs and other texts."""
    owner, _, number = identifier.rpartition("/p")
    return int(number) if owner == job_id and _NUMBER.fullmatch(number) else None


@dataclass(frozen=True)
class Dispatch:
    """A page that is recorded as queued and whose message must be published now."""

    job_id: str
    page: int
    seq: int
    queue: str
    attempts: int = 0


@dataclass(frozen=True)
class Claim:
    """The answer to a worker that claims a page."""

    outcome: Outcome
    attempts: int
    #: Times that a process died while this page was in flight.
    suspicion: int
    quarantine_seq: int
    #: The page may have a result in the store that this broker has no record of.
    verify: bool
    #: Seconds since the page was dispatched first.
    waited_s: float = 0.0

    @property
    def is_first(self) -> bool:
        """Whether no attempt at this page has failed and no process died with it."""
        return self.outcome == "claimed" and not (self.attempts or self.suspicion)


@dataclass(frozen=True)
class Finished:
    """What the caller must do after a page was marked done."""

    #: The job is open and this page belongs to it.
    open: bool
    #: All pages are done: send a reduce message.
    reduce: bool
    #: Lanes that are below half their dispatch window while pages wait: dispatch more.
    low: tuple[str, ...]


@dataclass(frozen=True)
class Renewed:
    """Pages of a renewal that need attention; all others were renewed."""

    cancelled: list[str]
    #: Done, or leased to another worker.
    taken: list[str]
    #: Leased again to this worker: the broker lost the lease, or it expired and was not reclaimed.
    retaken: list[str]


@dataclass(frozen=True)
class HeldPages:
    """What happened to the pages of a worker since its last renewal."""

    #: This worker has no lease on the page that was asked for.
    lost: bool
    #: Jobs that were cancelled.
    cancelled: list[str]


class PageState:
    """The broker's record of pages; thread-safe; raises BrokerUnreachable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._settings = scripts.settings
        limits = self._settings.tenant_limits()
        self._has_quotas = int(any(each.quota is not None for each in limits.values()))
        self._tenant_arguments: list[str | int] = [int(bool(self._settings.tenant_label))]
        for name, each in limits.items():
            self._tenant_arguments += [name, each.weight, each.quota or ""]

    @property
    def lease_s(self) -> float:
        """Seconds of a page lease: shorter than the time until its message is redelivered."""
        return self._settings.lease_s * 0.9

    def dispatch(self, pool: str, lane: str, *, force: bool = False) -> list[Dispatch]:
        """Fill a lane up to its dispatch window; tenants take turns, and the jobs of each one.

        Without ``force`` this does nothing while the lane is more than half full.
        """
        window = self._settings.dispatch_window
        rows = self._scripts.run(
            "dispatch", pool, lane, window, SLICE, int(force), *self._tenant_arguments
        )
        return _dispatches(rows)

    def count_tenants(self, pool: str) -> bool:
        """Correct the sums of pages and jobs of the tenants of a pool; whether one was wrong."""
        return bool(self._scripts.run("count_tenants", pool, self._tenant_arguments[0]))

    def claim(
        self, pool: str, queue: str, job_id: str, page: int, seq: int, worker: str, token: str
    ) -> Claim:
        """Claim a page; only "claimed", "unknown" and "dead_lettered" give a lease.

        A repeated claim with the same ``token`` gets the same answer, so a caller that lost
        the answer to a network error can claim again.
        """
        answer = self._scripts.run(
            "claim", pool, queue, lane_of(queue), job_id, page, seq, worker,
            self.lease_s, self._settings.quarantine_after, DEAD_LETTER_AFTER, token,
        )  # fmt: skip
        attempts, suspicion, seq, verify, waited_ms = map(int, answer[1:])
        outcome = cast(Outcome, answer[0])
        return Claim(outcome, attempts, suspicion, seq, bool(verify), waited_ms / 1000)

    def register_waiting(self, worker: str, page: str) -> None:
        """Record a page that a worker received and will claim later."""
        self._scripts.call("sadd", f"{KEY_PREFIX}held:{worker}", page)

    def unregister_waiting(self, worker: str, page: str) -> None:
        """Undo ``register_waiting``."""
        self._scripts.call("srem", f"{KEY_PREFIX}held:{worker}", page)

    def finish(
        self,
        pool: str,
        lane: str,
        job_id: str,
        page: int,
        status: PageStatus,
        worker: str,
        worker_ms: int = 0,
    ) -> Finished:
        """Mark a page done whose result is in the store; idempotent."""
        window = self._settings.dispatch_window
        answer = self._scripts.run(
            "finish", pool, lane, job_id, page, status, window, worker, worker_ms, self._has_quotas
        )
        return Finished(bool(answer[0]), bool(answer[1]), tuple(answer[2]))

    def release(
        self, pool: str, worker: str, pages: Iterable[str], blame: Blame = "none"
    ) -> list[Dispatch]:
        """Give pages that ``worker`` holds back to their queue."""
        after = self._settings.quarantine_after
        return _dispatches(self._scripts.run("release", pool, after, blame, worker, *pages))

    def drop(self, pool: str, job_id: str, page: int, worker: str) -> None:
        """Remove the lease and queue entry of a page that needs no more work."""
        self._scripts.run("drop", pool, job_id, page, worker)

    def renew(self, pool: str, worker: str, pages: Iterable[str]) -> Renewed:
        """Extend this worker's leases; lease again the pages that no worker holds."""
        answer = self._scripts.run("renew", pool, worker, self.lease_s, *pages)
        return Renewed(*map(list, answer))

    def check_held(self, pool: str, worker: str, page: str, jobs: Iterable[str]) -> HeldPages:
        """Look at one page that ``worker`` holds, and at the jobs of all that it holds."""
        lost, cancelled = self._scripts.run("check_held", pool, worker, page, *jobs)
        return HeldPages(bool(lost), list(cancelled))

    def reclaim(self, pool: str, worker: str) -> list[Dispatch]:
        """Take the pages of a dead process back into a queue and raise their suspicion."""
        after = self._settings.quarantine_after
        held = self._held_by(pool, worker)
        return _dispatches(
            self._scripts.run("reclaim", pool, after, worker, 0, self.lease_s, *held)
        )

    def _held_by(self, pool: str, worker: str) -> list[str]:
        """The pages that a worker has a lease on; it reads those of the pool in small parts."""
        holders = self._scripts.scan_hash(f"{KEY_PREFIX}holders:{pool}")
        return [page for page, holder in holders if holder.partition("|")[0] == worker]

    def reclaim_expired(self, pool: str, grace_s: float) -> list[Dispatch]:
        """Like ``reclaim`` for every lease that expired ``grace_s`` ago or earlier."""
        after = self._settings.quarantine_after
        return _dispatches(self._scripts.run("reclaim", pool, after, "", grace_s, self.lease_s))

    def in_flight(self, pool: str, job_id: str) -> list[int]:
        """Pages of a job that some worker has a lease on, sorted."""
        leased = self._scripts.call("hkeys", f"{KEY_PREFIX}holders:{pool}")
        pages = (page_of(job_id, identifier) for identifier in leased)
        return sorted(page for page in pages if page is not None)

    def held_by_worker(self, pool: str) -> Counter[str]:
        """Pages in flight of each worker of a pool."""
        holders = self._scripts.call("hvals", f"{KEY_PREFIX}holders:{pool}")
        return Counter(holder.partition("|")[0] for holder in holders)

    def outstanding(self, pool: str) -> int:
        """Pages of a pool that are queued or in flight."""
        return int(self._scripts.call("zcard", f"{KEY_PREFIX}outstanding:{pool}"))

    def overdue(self, queue: str, slack: int) -> list[str]:
        """Pages dispatched more than ``slack`` places before a page that has started."""
        return list(self._scripts.run("overdue", queue, slack))

    def queued(self, queue: str, limit: int = 1000) -> list[str]:
        """The oldest pages in a lane's dispatch order."""
        return list(self._scripts.call("zrange", f"{KEY_PREFIX}queued:{queue}", 0, limit - 1))

    def push(self, queue: str, messages: Iterable[str]) -> None:
        """Put messages at the end of a queue."""
        self._scripts.call("lpush", KEY_PREFIX + queue, *messages)

    def queue_length(self, queue: str) -> int:
        """Messages in the broker's list."""
        return int(self._scripts.call("llen", KEY_PREFIX + queue))

    def move_job(self, job_id: str, pool: str) -> list[Dispatch]:
        """Move an open job and its queued pages into the pool with the id ``pool``."""
        after = self._settings.quarantine_after
        return _dispatches(self._scripts.run("move_job", job_id, pool, after))

    def requeue(self, pool: str, queue: str, pages: Iterable[str]) -> list[Dispatch]:
        """Dispatch pages again whose message was lost, except those that a worker holds."""
        after = self._settings.quarantine_after
        return _dispatches(self._scripts.run("requeue", pool, after, queue, *pages))


def _dispatches(rows: list[list[Any]]) -> list[Dispatch]:
    return [Dispatch(row[0], int(row[1]), int(row[2]), *row[3:]) for row in rows]
