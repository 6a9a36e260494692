"""The parameters of an outage, and its results."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

#: Cores that a waiting machine may use; a busy loop would use one.
IDLE_CORES = 0.25
#: Seconds of an outage after which the metrics must say that the broker is away.
BROKER_DOWN_S = 10.0
#: Ways to be away that a proxy makes, and the services before which it stands.
BY_PROXY = ("half-open", "lost")
BEHIND_PROXY = ("store", "broker")


@dataclass(frozen=True)
class Plan:
    """The parameters of one outage."""

    #: machine: the first one, which another one replaces at once.
    what: Literal["store", "engine", "broker", "machine"] = "store"
    #: gone: killed, connections are refused; silent: paused, requests get no answer; half-open:
    #: connections lose their bytes; lost: old connections lose theirs, new ones are refused. The
    #: last two need a proxy, which stands before store and broker only.
    how: Literal["gone", "silent", "half-open", "lost"] = "gone"
    pages: int = 10_000
    seconds: float = 600.0
    machines: int = 3
    #: Pages in flight per machine.
    capacity: int = 8
    latency_ms: float = 100.0
    pages_per_job: int = 1000
    lease_s: int = 120
    #: How long a worker waits for the broker's answer.
    broker_timeout_s: float = 30.0
    #: Seconds that jobs may take to end after the service is back.
    patience_s: float = 900.0

    def __post_init__(self) -> None:
        """Raise ValueError where the service can't go away like this."""
        if self.how in BY_PROXY and self.what not in BEHIND_PROXY:
            need = f"--how {' and '.join(BY_PROXY)} need --what {' or '.join(BEHIND_PROXY)}"
            raise ValueError(f"{need}, not --what {self.what}")


@dataclass
class Findings:
    """The results of an outage."""

    plan: Plan
    ok: int = 0
    failed: int = 0
    #: Pages whose result has more than one attempt.
    tried_again: int = 0
    #: Largest number of pages to which the broker charged an attempt or a suspicion.
    blamed: int = 0
    #: Readings beyond the first of a page, and the pages in flight when the outage began.
    repeated: int = 0
    in_flight: int = 0
    #: Pages read before and during the outage.
    before: int = 0
    meanwhile: int = 0
    restarts: int = 0
    #: Seconds until every process said that it is not ready; 0: one never did.
    not_ready_s: float = 0.0
    #: Seconds until the sweeper's metrics said that the broker is away; 0: they never did.
    broker_down_s: float = 0.0
    #: Cores that the whole fleet used during the outage.
    cores: float = 0.0
    #: Seconds from the end of the outage to the next page, and to the last ``_DONE``.
    first_s: float = 0.0
    last_s: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """Every guarantee that was broken."""
        return [*self.problems, *self._broken()]

    def _broken(self) -> Iterator[str]:
        plan = self.plan
        if self.failed or self.ok != plan.pages:
            yield f"{plan.pages - self.ok} pages are not ok"
        by_machine = plan.what == "machine"
        yield from self._broken_by_machine() if by_machine else self._broken_by_service()
        if plan.what == "broker":
            yield from self._unnoticed()
        if not self.before < plan.pages:
            yield "all pages were read before the outage"

    def _broken_by_service(self) -> Iterator[str]:
        plan = self.plan
        if self.tried_again or self.blamed:
            yield "the outage cost pages attempts"
        if self.repeated > plan.machines * plan.capacity:
            yield "more pages were read twice than were in flight"
        if self.cores > IDLE_CORES * plan.machines:
            yield "the fleet was busy while it waited"
        if self.restarts:
            yield f"{self.restarts} processes were started again"

    def _broken_by_machine(self) -> Iterator[str]:
        """Only the pages that the lost machine had in flight may be blamed and read twice."""
        if self.tried_again or self.blamed > self.plan.capacity:
            yield "the outage cost pages attempts"
        if self.repeated > self.plan.capacity:
            yield "more pages were read twice than were in flight"
        if not self.meanwhile:
            yield "no page was read without the machine"

    def _unnoticed(self) -> Iterator[str]:
        """What the probes and metrics had to say of a broker that is away, and did not."""
        plan = self.plan
        if plan.seconds > 2 * plan.broker_timeout_s and not self.not_ready_s:
            yield "a process without a broker said that it is ready"
        if self.not_ready_s > 2 * plan.broker_timeout_s:
            yield f"not ready only after {self.not_ready_s:.0f} s"
        if plan.seconds > BROKER_DOWN_S and not 0 < self.broker_down_s <= BROKER_DOWN_S:
            yield f"broker_up is 0 after {self.broker_down_s:.0f} s (0: never)"

    def lines(self) -> list[str]:
        """The results as lines of text."""
        plan = self.plan
        return [
            f"outage      {plan.what} {plan.how} for {plan.seconds:g} s",
            f"pages       {plan.pages}: {self.ok} ok, {self.failed} failed",
            f"attempts    {self.tried_again} pages took more than one, {self.blamed} were blamed",
            f"read        {self.before} before, {self.meanwhile} while it was away",
            f"repeated    {self.repeated} ({self.in_flight} were in flight)",
            f"processes   {self.restarts} started again",
            f"probes      not ready after {self.not_ready_s:.0f} s, "
            f"broker_up 0 after {self.broker_down_s:.1f} s",
            f"cores       {self.cores:.2f} while it was away, {plan.machines} machines",
            f"seconds     {self.first_s:.1f} from its return to the next page, "
            f"{self.last_s:.1f} to the last document",
            *self.broken,
        ]
