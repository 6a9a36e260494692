"""A short run of every fuzzer with a fixed seed; ``make fuzz`` runs them for longer."""

import pytest

from tests.system.fuzz import markdown
from tests.system.fuzz.fuzzing import Budget, Fuzzer

SHORT: dict[str, tuple[Fuzzer, int]] = {"markdown": (markdown.fuzz, 1000)}


@pytest.mark.parametrize("name", SHORT)
def test_a_short_run_of_each_fuzzer_finds_nothing(name: str) -> None:
    fuzz, count = SHORT[name]

    findings = fuzz(Budget(count, seconds=60, seed=1))

    assert findings.faults == ()
    assert findings.tried == count
