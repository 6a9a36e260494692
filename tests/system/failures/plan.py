"""The parameters of a run of the laboratory, and its results."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Plan:
    """The parameters of a run; the same plan injects the same faults in the same order."""

    seed: int = 1
    pages: int = 2000
    #: Number of faults, injected one by one with random pauses.
    faults: int = 60
    #: Seconds over which the faults are spread; fewer if the work ends before.
    seconds: float = 45.0
    store: Literal["file", "s3"] = "file"
    machines: int = 3
    #: Pages in flight per worker process.
    capacity: int = 8
    latency_ms: float = 50.0
    pages_per_job: int = 400
    #: Render the pages too, so that there are renderers to kill.
    draws: bool = False
    lease_s: int = 15
    #: Seconds that jobs may take to end after the last fault.
    patience_s: float = 300.0


@dataclass
class Findings:
    """The results of a run."""

    faults: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    pages: int = 0
    #: Failed pages by error code.
    failed: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    swapped: int = 0
    hung: int = 0
    orphans: int = 0
    #: Pages of jobs that were purged and submitted again.
    resubmitted: int = 0
    #: Repeated readings of pages (resubmitted ones not counted), and how many are allowed
    #: because the pages were in flight in a process that was hit.
    repeated: int = 0
    excused: int = 0
    seconds: float = 0.0
    #: Kinds of fault that can't be injected on this machine.
    left_out: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every guarantee was kept."""
        bad = self.lost or self.swapped or self.hung or self.orphans or self.problems
        return not bad and self.repeated <= self.excused

    def lines(self) -> list[str]:
        """The results as lines of text."""
        return [
            f"faults   {_counts(self.faults)}",
            f"pages    {self.pages} in {self.jobs} jobs, failed: {_counts(self.failed)}",
            f"lost     {self.lost}",
            f"swapped  {self.swapped}",
            f"hung     {self.hung} jobs",
            f"orphans  {self.orphans}",
            f"repeated {self.repeated} (in flight in hit processes: at most {self.excused})",
            f"seconds  {self.seconds:.0f}",
            *(f"left out {kind}" for kind in self.left_out),
            *self.problems[:20],
        ]


def _counts(counted: Counter[str]) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(counted.items()))
    return f"{counted.total()} ({kinds})" if kinds else "0"
