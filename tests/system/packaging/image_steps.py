"""``make test-images``: installs the CPU image's packages as its Dockerfile does, then uses them.

Slow (it downloads and installs everything afresh), so it is a command of its own and not a part
of ``make test``.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.packaging.dockerfile_stage import Stage
from tests.support.paths import ROOT


def main() -> int:
    """Build, then run the commands that the containers run."""
    with tempfile.TemporaryDirectory(prefix="pagefleet-image-") as name:
        root = Path(name)
        Stage(root, ROOT).run(ROOT / "infra" / "docker" / "Dockerfile", "build", sys.executable)
        check_commands(root)
        check_conversion(root)
    print("the CPU image's steps install, its commands start, a document is converted")
    return 0


def check_commands(root: Path) -> None:
    """The start commands know their options in the installed environment."""
    for words in (["pagefleet"], ["pagefleet-worker", "start"], ["pagefleet", "flower"]):
        run(root, *words, "--help")


def check_conversion(root: Path) -> None:
    """The installed fleet converts a document."""
    document = ROOT / "examples" / "invoice.pdf"
    shown = run(root, "pagefleet", "run", str(document), "-o", str(root / "out"), "--json")
    assert json.loads(shown)["status"] == "ok"


def run(root: Path, *words: str) -> str:
    """Run an installed command from a folder that is not the checkout."""
    binaries = root / "opt" / "pagefleet" / "bin"
    environment = {"PATH": f"{binaries}:{os.defpath}", "HOME": str(root)}
    ended = subprocess.run(
        [str(binaries / words[0]), *words[1:]],
        cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())
