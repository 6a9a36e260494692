"""The documentation site builds without a warning."""

import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT


def test_the_site_builds_without_a_dead_reference(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]

    built = subprocess.run(
        [*command, str(ROOT / "docs"), str(tmp_path)], capture_output=True, text=True, timeout=120
    )

    assert built.returncode == 0, built.stderr
    assert (tmp_path / "settings.html").is_file()
