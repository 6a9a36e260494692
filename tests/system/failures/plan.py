"""What a run of the laboratory is about, and what it found."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Plan:
    """A run; the same plan draws the same faults in the same order."""

    seed: int = 1
    pages: int = 2000
    #: Injected one by one, with random pauses, while pages are being read.
    faults: int = 60
    #: Faults are spread over so long, or shorter where the work ends before.
    seconds: float = 45.0
    store: Literal["file", "s3"] = "file"
    machines: int = 3
    #: Pages in flight in one worker process.
    capacity: int = 8
    latency_ms: float = 50.0
    pages_per_job: int = 400
    #: Draw the pages too, so that there are renderers to kill.
    draws: bool = False
    lease_s: int = 15
    #: Seconds that jobs may take to end once nothing fails any more.
    patience_s: float = 300.0


@dataclass
class Findings:
    """The figures of a run."""

    faults: Counter[str] = field(default_factory=Counter)
    jobs: int = 0
    pages: int = 0
    #: Pages by the code that they failed with.
    failed: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    swapped: int = 0
    hung: int = 0
    orphans: int = 0
    #: Pages of jobs that were purged and submitted anew.
    asked_again: int = 0
    #: Readings beyond the first of a page, those apart, and how many the struck processes excuse.
    repeated: int = 0
    excused: int = 0
    seconds: float = 0.0
    #: Kinds of fault that can't be made here.
    left_out: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        bad = self.lost or self.swapped or self.hung or self.orphans or self.problems
        return not bad and self.repeated <= self.excused

    def lines(self) -> list[str]:
        """The figures for a person."""
        return [
            f"faults   {_counts(self.faults)}",
            f"pages    {self.pages} in {self.jobs} jobs, failed: {_counts(self.failed)}",
            f"lost     {self.lost}",
            f"swapped  {self.swapped}",
            f"hung     {self.hung} jobs",
            f"orphans  {self.orphans}",
            f"repeated {self.repeated} (in flight in what was struck: at most {self.excused})",
            f"seconds  {self.seconds:.0f}",
            *(f"left out {kind}" for kind in self.left_out),
            *self.problems[:20],
        ]


def _counts(counted: Counter[str]) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(counted.items()))
    return f"{counted.total()} ({kinds})" if kinds else "0"
