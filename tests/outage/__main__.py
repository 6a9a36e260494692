"""``python -m tests.outage``: an outage of any length at any size."""

import sys
from pathlib import Path

from tests.outage.plan import Plan
from tests.outage.run import Outage
from tests.plan_command import run_plan


def run(plan: Plan, folder: Path) -> int:
    """The status is 1 where a promise was broken."""
    findings = Outage(plan, folder, print).run()
    print("\n".join(findings.lines()))
    return 1 if findings.broken else 0


if __name__ == "__main__":
    sys.exit(run_plan("tests.outage", __doc__, Plan, run))
