"""``python -m tests.outage``: an outage of any length at any size."""

import argparse
import dataclasses
import sys
import tempfile
from pathlib import Path

from tests.outage.plan import Plan
from tests.outage.run import Outage


def main() -> int:
    """Run one plan; the status is 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.outage", description=__doc__)
    for field in dataclasses.fields(Plan):
        name, default = "--" + field.name.replace("_", "-"), field.default
        choices = {"what": ("store", "engine", "broker"), "how": ("gone", "silent")}
        parser.add_argument(
            name, type=type(default), default=default, help=f"({default})",
            choices=choices.get(field.name),
        )  # fmt: skip
    parser.add_argument("--keep", type=Path, help="folder for logs, journal and store")
    given = vars(parser.parse_args())
    keep = given.pop("keep")
    with tempfile.TemporaryDirectory(prefix="pagefleet-outage-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        findings = Outage(Plan(**given), folder, print).run()
    print("\n".join(findings.lines()))
    return 0 if not findings.broken else 1


if __name__ == "__main__":
    sys.exit(main())
