"""A short run of every fuzzer with a fixed seed; ``make fuzz`` runs them for longer.

``tests/system/commands/test_hostile_documents.py`` is the short run of the documents.
"""

import pytest

from tests.system.commands.hostile_run import Judged
from tests.system.fuzz import documents
from tests.system.fuzz.__main__ import FUZZERS, main
from tests.system.fuzz.fuzzing import Budget, Findings, fuzzer

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


def test_a_run_that_tried_nothing_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["fuzz", "names", "--seconds", "0"])
    monkeypatch.setitem(FUZZERS, "names", lambda budget: Findings(0, ()))

    assert main() == 1
    assert capsys.readouterr().out.startswith("names: 0 tried")


def test_all_fuzzers_share_the_time_and_print_faults_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shares: dict[str, Budget] = {}

    def fuzz(budget: Budget) -> Findings:
        shares[str(len(shares))] = budget
        budget.progress(1, ["bad case"])
        return Findings(1, ())

    monkeypatch.setattr("sys.argv", ["fuzz", "names", "events", "--seconds", "100"])
    monkeypatch.setitem(FUZZERS, "names", fuzz)
    monkeypatch.setitem(FUZZERS, "events", fuzz)

    assert main() == 0
    assert [each.seconds for each in shares.values()] == pytest.approx([50, 100], abs=2)
    assert all(each.count > 10**9 for each in shares.values())
    assert capsys.readouterr().out.startswith("names: fault: bad case\nnames: 1 tried, 0 faults\n")


def test_every_fuzzer_tries_something_also_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The documents of a batch may take longer to make than a short run lasts.
    budget = Budget(count=1, seconds=-1, seed=1)
    monkeypatch.setattr(documents, "corpus", lambda *_: iter([("a.pdf", b"%PDF")]))
    monkeypatch.setattr(documents, "survive", lambda settings, paths, out: Judged())

    assert fuzzer(lambda source: 1, lambda case: [])(budget).tried == 1
    assert documents.fuzz(budget).tried == 1
