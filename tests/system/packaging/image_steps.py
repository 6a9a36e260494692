"""``make test-images``: runs the CPU image's Dockerfile steps in a folder, then uses the result.

It downloads and installs every package, which takes minutes, so it is not part of ``make test``.
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
    """Build the stage, then run the commands that the containers run."""
    with tempfile.TemporaryDirectory(prefix="pagefleet-image-") as name:
        root = Path(name)
        Stage(root, ROOT).run(ROOT / "infra" / "docker" / "Dockerfile", "build", sys.executable)
        check_commands(root)
        check_conversion(root)
    print("the CPU image installs, its commands start and it converts a document")
    return 0


def check_commands(root: Path) -> None:
    """The start commands of the containers print their help in the installed environment."""
    for words in (["pagefleet"], ["pagefleet-worker", "start"], ["pagefleet", "flower"]):
        run(root, *words, "--help")


def check_conversion(root: Path) -> None:
    """The installed fleet converts a document."""
    document = ROOT / "examples" / "invoice.pdf"
    output = run(root, "pagefleet", "run", str(document), "-o", str(root / "out"), "--json")
    assert json.loads(output)["status"] == "ok"


def run(root: Path, *words: str) -> str:
    """Run an installed command from a folder that is not the checkout."""
    binaries = root / "opt" / "pagefleet" / "bin"
    environment = {"PATH": f"{binaries}:{os.defpath}", "HOME": str(root)}
    completed = subprocess.run(
        [str(binaries / words[0]), *words[1:]],
        cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


if __name__ == "__main__":
    sys.exit(main())
