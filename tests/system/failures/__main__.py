"""``python -m tests.system.failures``: inject faults into a fleet for any length of time."""

import sys
from pathlib import Path

from tests.support.console.plan_command import run_plan
from tests.system.failures.lab import Lab
from tests.system.failures.plan import Plan


def run(plan: Plan, folder: Path) -> int:
    """Returns exit status 1 if a guarantee was broken."""
    findings = Lab(plan, folder, print).run()
    print("\n".join(findings.lines()))
    return 0 if findings.clean else 1


if __name__ == "__main__":
    sys.exit(run_plan("tests.system.failures", __doc__, Plan, run))
