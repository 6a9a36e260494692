"""What all fuzzers share: how much to try, one case after another, and what was found."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

#: CPU seconds that one case may take; a quadratic step takes longer.
CASE_LIMIT_S = 2.0
_Case = TypeVar("_Case")
#: Gets the number of cases tried so far, and the faults of the last ones.
Progress = Callable[[int, Sequence[str]], None]


def _silent(tried: int, faults: Sequence[str]) -> None:
    pass


@dataclass(frozen=True)
class Budget:
    """How many cases to try and for how long; equal seeds give equal cases.

    The time counts from the making of the budget.
    """

    count: int
    seconds: float
    seed: int
    progress: Progress = _silent
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_end", time.monotonic() + self.seconds)

    @property
    def left_s(self) -> float:
        """Seconds left; zero or less when the time is over."""
        return self._end - time.monotonic()

    def sources(self) -> Iterator[random.Random]:
        """One source of random numbers for each case; the first one also without any time left."""
        for number in range(self.count):
            if number and self.left_s < 0:
                return
            yield random.Random(f"{self.seed}/{number}")


@dataclass(frozen=True)
class Findings:
    """How many cases were tried, and one line for each violated expectation."""

    tried: int
    faults: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether anything was found, or nothing was tried, which shows nothing."""
        return bool(self.faults) or self.tried == 0


#: Tries cases within a budget.
Fuzzer = Callable[[Budget], Findings]


def fuzzer(make: Callable[[random.Random], _Case], judge: Callable[[_Case], list[str]]) -> Fuzzer:
    """A fuzzer that makes single cases; ``judge`` returns what is wrong with one."""

    def fuzz(budget: Budget) -> Findings:
        tried, faults = 0, list[str]()
        for source in budget.sources():
            case = make(source)
            found = [f"{fault}: {case!r}"[:2000] for fault in _judged(judge, case)]
            faults += found
            tried += 1
            budget.progress(tried, found)
        return Findings(tried, tuple(faults))

    return fuzz


def _judged(judge: Callable[[_Case], list[str]], case: _Case) -> list[str]:
    """The faults of ``case``; any error is one, and so is too much time."""
    started = time.thread_time()
    try:
        faults = judge(case)
    except Exception as error:
        faults = [f"{type(error).__name__}: {error}"]
    spent = time.thread_time() - started
    return [*faults, f"took {spent:.1f} s"] if spent > CASE_LIMIT_S else faults
