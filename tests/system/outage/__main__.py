"""``python -m tests.system.outage``: an outage of any length at any size.

``--how half-open`` and ``--how lost`` need ``--what store`` or ``--what broker``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.console.plan_command import run_plan
from tests.system.outage.plan import Plan
from tests.system.outage.run import Outage


def run(plan: Plan, folder: Path) -> int:
    """Returns exit status 1 if a guarantee was broken."""
    findings = Outage(plan, folder, print).run()
    print("\n".join(findings.lines()))
    return 1 if findings.broken else 0


def main(words: Sequence[str] | None = None) -> int:
    """Run the outage that ``words`` describe; None: those of the command line."""
    return run_plan("tests.system.outage", __doc__, Plan, run, words)


if __name__ == "__main__":
    sys.exit(main())
