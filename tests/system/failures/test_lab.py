"""A short run of the fault laboratory with a fixed seed; ``make chaos`` runs longer ones."""

from pathlib import Path
from typing import Literal

import pytest

from tests.system.failures.lab import Lab
from tests.system.failures.plan import Plan


@pytest.mark.parametrize("store", [pytest.param("file", marks=pytest.mark.long), "s3"])
def test_no_page_is_lost_swapped_or_read_twice_under_many_faults(
    store: Literal["file", "s3"], tmp_path: Path
) -> None:
    plan = Plan(seed=20, pages=120, faults=10, seconds=6, store=store, machines=2, draws=True)

    findings = Lab(plan, tmp_path, print).run()

    assert findings.clean, "\n".join(findings.lines())
    assert findings.pages == plan.pages
    assert findings.faults.total() >= 3
