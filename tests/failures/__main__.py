"""``python -m tests.failures``: break a fleet for as long as you like."""

import sys
from pathlib import Path

from tests.failures.lab import Lab
from tests.failures.plan import Plan
from tests.plan_command import run_plan


def run(plan: Plan, folder: Path) -> int:
    """The status is 1 where a promise was broken."""
    findings = Lab(plan, folder, print).run()
    print("\n".join(findings.lines()))
    return 0 if findings.clean else 1


if __name__ == "__main__":
    sys.exit(run_plan("tests.failures", __doc__, Plan, run))
