"""Whose pages are dispatched next, as in ``shared/broker/lua/dispatch.lua``.

Tenants take turns by weighted deficit round robin, and the jobs of a tenant take turns in slices.
"""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.simulator.corpus import Job


@dataclass
class _Tenant:
    """``credit``: pages of its turn that a full window did not take."""

    name: str
    weight: int
    quota: int | None
    credit: int = 0
    jobs: deque[Job] = field(default_factory=deque)


class Turns:
    """The jobs of one lane that have pages to dispatch.

    ``load`` is the outstanding pages of each tenant, which all lanes share.
    """

    def __init__(
        self,
        slice_: int,
        weights: Mapping[str, int],
        quotas: Mapping[str, int],
        load: Counter[str],
        *,
        by_turns: bool,
    ) -> None:
        self._slice = slice_
        self._weights, self._quotas = weights, quotas
        self._load = load
        self._by_turns = by_turns
        self._tenants: dict[str, _Tenant] = {}
        self._active = deque[_Tenant]()
        self._at_quota: dict[str, _Tenant] = {}

    def __bool__(self) -> bool:
        return bool(self._active)

    def add(self, job: Job) -> None:
        """A job that has pages to dispatch."""
        name = job.document.tenant
        if name not in self._tenants:
            weight, quota = self._weights.get(name, 1), self._quotas.get(name)
            self._tenants[name] = _Tenant(name, weight, quota)
        tenant = self._tenants[name]
        tenant.jobs.append(job)
        if len(tenant.jobs) == 1 and tenant not in self._active and name not in self._at_quota:
            self._activate(tenant)

    def ended(self, name: str) -> bool:
        """Pages of a tenant have ended; whether its quota lets more of them follow now."""
        tenant = self._at_quota.get(name)
        if tenant is None or tenant.quota is None:
            return False
        resume = tenant.quota - min(self._slice, -(-tenant.quota // 2))
        if self._load[name] > resume:
            return False
        del self._at_quota[name]
        self._activate(tenant)
        return True

    def _activate(self, tenant: _Tenant) -> None:
        if tenant.jobs and self._free(tenant) <= 0:
            self._at_quota[tenant.name] = tenant
        elif tenant.jobs:
            self._active.append(tenant)

    def _free(self, tenant: _Tenant) -> float:
        quota = tenant.quota
        return float("inf") if quota is None else quota - self._load[tenant.name]

    def next(self, room: int) -> tuple[Job, int, int]:
        """The next job, its first page and the number of pages, at most ``room``.

        0 pages where other lanes have taken the rest of a quota.
        """
        tenant = self._active[0]
        is_alone = len(self._active) == 1 or not self._by_turns
        tenant.credit = room if is_alone else tenant.credit or self._slice * tenant.weight
        job = tenant.jobs.popleft()
        budget = int(max(0, min(tenant.credit, room, self._free(tenant))))
        is_only_job = not tenant.jobs or not self._by_turns
        count = min(job.left, budget if is_only_job else min(self._slice, budget))
        first, job.next_page = job.next_page, job.next_page + count
        self._load[tenant.name] += count
        tenant.credit -= count
        if job.left:
            (tenant.jobs.append if self._by_turns else tenant.jobs.appendleft)(job)
        self._end_turn(tenant)
        return job, first, count

    def _end_turn(self, tenant: _Tenant) -> None:
        """Let another tenant come first, unless this one has credit left."""
        if tenant.jobs and tenant.credit > 0 and self._free(tenant) > 0:
            return
        tenant.credit = 0
        self._active.popleft()
        self._activate(tenant)
