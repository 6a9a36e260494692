"""A short run of the fault laboratory with a fixed seed; ``make chaos`` runs longer ones."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest

from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import wait_until
from tests.support.fleets.watched_fleet import free_ports, get
from tests.system.failures.lab import PER_MACHINE, Lab
from tests.system.failures.machines import Machine, signal_tree
from tests.system.failures.plan import Plan


@pytest.mark.parametrize(
    ("store", "faults"),
    # Most faults end a process, and its start takes a second of a core.
    [
        ("s3", 5),
        pytest.param("s3", 10, marks=pytest.mark.long),
        pytest.param("file", 10, marks=pytest.mark.long),
    ],
)
def test_no_page_is_lost_swapped_or_read_twice_under_many_faults(
    store: Literal["file", "s3"], faults: int, tmp_path: Path
) -> None:
    plan = Plan(
        seed=20, pages=12 * faults, faults=faults, seconds=faults / 2, store=store, machines=2,
        draws=True,
    )  # fmt: skip

    findings = Lab(plan, tmp_path, print).run()

    assert findings.clean, "\n".join(findings.lines())
    assert findings.pages == plan.pages
    assert findings.faults.total() >= 3


@contextmanager
def a_lost_machine(machine: Machine, port: int) -> Iterator[None]:
    """Lose a machine while the block runs; the one that takes its place begins at ``port``."""
    lost = machine.lose(port)
    try:
        yield
    finally:
        signal_tree(lost.pid, signal.SIGKILL)
        lost.wait()
        machine.stop()


def test_the_machine_that_takes_the_place_of_a_lost_one_answers_its_probes(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    first = free_ports(2 * PER_MACHINE)
    second = first + PER_MACHINE
    config = settings(redis_url=redis_url, num_workers=1, drain_s=1)
    machine = Machine(config, tmp_path / "workers.log", {}, first)
    wait_until(lambda: get(first, "/livez")[0] == get(first + 1, "/livez")[0] == 200, 120)

    with a_lost_machine(machine, second):
        wait_until(lambda: get(second, "/livez")[0] == get(second + 1, "/livez")[0] == 200, 120)
    assert "no metrics on" not in (tmp_path / "workers.log").read_text()
