"""What all fuzzers share: how much to try, one case after another, and what was found."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

#: CPU seconds that one case may take; a quadratic step takes longer.
CASE_LIMIT_S = 2.0
_Case = TypeVar("_Case")


@dataclass(frozen=True)
class Budget:
    """How many cases to try and for how long; equal seeds give equal cases."""

    count: int
    seconds: float
    seed: int

    def sources(self) -> Iterator[random.Random]:
        """One source of random numbers for each case; the first one also without any time left."""
        end = time.monotonic() + self.seconds
        for number in range(self.count):
            if number and time.monotonic() > end:
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
            faults += [f"{fault}: {case!r}"[:2000] for fault in _judged(judge, case)]
            tried += 1
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
