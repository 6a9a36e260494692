"""A short run of every fuzzer with a fixed seed; ``make fuzz`` runs them for longer.

``tests/system/commands/test_hostile_documents.py`` is the short run of the documents.
"""

import pytest

from tests.system.fuzz.__main__ import FUZZERS
from tests.system.fuzz.fuzzing import Budget, fuzzer

SHORT = {
    "markdown": 600,
    "folder-options": 1500,
    "events": 3000,
    "messages": 1500,
    "names": 3000,
    "stored-results": 1000,
}


@pytest.mark.parametrize("name", SHORT)
def test_a_short_run_of_each_fuzzer_finds_nothing(name: str) -> None:
    findings = FUZZERS[name](Budget(SHORT[name], seconds=120, seed=1))

    assert findings.faults == ()
    assert findings.tried == SHORT[name]


def test_no_fuzzer_is_without_a_short_run() -> None:
    assert {*SHORT, "documents"} == set(FUZZERS)


def test_an_unexpected_error_and_equal_seeds_are_seen() -> None:
    broken = fuzzer(lambda source: source.random(), lambda case: [] if case < 0.5 else [str(1 / 0)])

    first, second = (broken(Budget(20, seconds=60, seed=3)) for _ in range(2))

    assert first.faults == second.faults
    assert 0 < len(first.faults) < 20
    assert all(fault.startswith("ZeroDivisionError") for fault in first.faults)
