"""``python -m tests.failures``: break a fleet for as long as you like."""

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

from tests.failures.lab import Lab
from tests.failures.plan import Plan


def main() -> int:
    """Run one plan; the status is 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.failures", description=__doc__)
    for field in dataclasses.fields(Plan):
        name, default = "--" + field.name.replace("_", "-"), field.default
        if isinstance(default, bool):
            parser.add_argument(name, action="store_true")
        else:
            parser.add_argument(name, type=type(default), default=default, help=f"({default})")
    parser.add_argument("--keep", type=Path, help="folder for logs, journal and store")
    given = vars(parser.parse_args())
    keep = given.pop("keep")
    with tempfile.TemporaryDirectory(prefix="pagefleet-lab-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        findings = Lab(Plan(**given), folder, print).run()
    print("\n".join(findings.lines()))
    return 0 if findings.clean else 1


if __name__ == "__main__":
    sys.exit(main())
