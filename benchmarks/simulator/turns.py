"""Whose pages are dispatched next: tenants by their shares, and the jobs of a tenant by turns."""

from collections import deque
from dataclasses import dataclass, field

from benchmarks.simulator.corpus import Job


@dataclass
class _Tenant:
    """``served``: its pages so far, divided by its share."""

    share: float
    served: float = 0.0
    jobs: deque[Job] = field(default_factory=deque)


class Turns:
    """The jobs of one lane that have pages to dispatch."""

    def __init__(self, slice_: int, shares: dict[str, float], *, by_turns: bool) -> None:
        self._slice = slice_
        self._shares = shares
        self._by_turns = by_turns
        self._tenants: dict[str, _Tenant] = {}
        self._jobs = 0

    def __bool__(self) -> bool:
        return self._jobs > 0

    def add(self, job: Job) -> None:
        """A job that has pages to dispatch."""
        name = job.document.tenant
        tenant = self._tenants.get(name)
        if tenant is None:
            tenant = self._tenants[name] = _Tenant(self._shares.get(name, 1.0))
        if not tenant.jobs:
            # A tenant that had nothing to do saves up no turns.
            waiting = [each.served for each in self._tenants.values() if each.jobs]
            tenant.served = max(tenant.served, min(waiting, default=tenant.served))
        tenant.jobs.append(job)
        self._jobs += 1

    def next(self, room: int) -> tuple[Job, int, int]:
        """The next job, its first page and the number of pages, at most ``room``."""
        tenant = min((t for t in self._tenants.values() if t.jobs), key=lambda t: t.served)
        job = tenant.jobs.popleft()
        is_alone = self._jobs == 1 or not self._by_turns
        count = min(job.left, room, room if is_alone else self._slice)
        first, job.next_page = job.next_page, job.next_page + count
        tenant.served += count / tenant.share
        if not job.left:
            self._jobs -= 1
        elif self._by_turns:
            tenant.jobs.append(job)
        else:
            tenant.jobs.appendleft(job)
        return job, first, count
