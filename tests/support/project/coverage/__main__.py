"""``python -m tests.support.project.coverage TEST...``: runs pytest and measures its coverage."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.project.coverage.helper_process import ROOT

#: Python runs the lines of such files of its library folder at each start.
START_FILE = Path(sysconfig.get_path("purelib"), "pagefleet_helper_coverage.pth")


@contextmanager
def measured_helpers() -> Iterator[None]:
    """Every helper process of this Python is measured inside the block."""
    START_FILE.write_text(
        f"import sys; sys.path.append({str(ROOT)!r}); "
        "import tests.support.project.coverage.helper_process; sys.path.pop()\n"
    )
    try:
        yield
    finally:
        START_FILE.unlink()


def main() -> int:
    """Returns pytest's exit status."""
    command = [sys.executable, "-m", "coverage", "run", "-m", "pytest", *sys.argv[1:]]
    with measured_helpers():
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
