"""Installs the wheel of the first release beside the code under test, with the same packages."""

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from shared.config.settings import Settings
from tests.support.fleets.fleet import CommandResult, environment, running
from tests.support.paths import ROOT

TAG = "v0.1.0"
COMMIT = "4b9481a89d34222d5abcebb2f3944e0f21902523"
_MAIN = "import sys; from {module} import main; sys.exit(main())"
_MODULES = {"pagefleet": "producer.cli", "pagefleet-worker": "workers.cli"}


class ReleaseMissing(Exception):
    """The history of this checkout does not have the first release."""


@dataclass(frozen=True)
class Release:
    """An installed release; its processes import nothing of the code under test."""

    python: Path

    def __call__(self, settings: Settings, *words: str) -> CommandResult:
        """Run ``pagefleet`` of this release and wait for its end."""
        ended = subprocess.run(
            self._command("pagefleet", *words),
            env=self._environment(settings),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return CommandResult(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    @contextmanager
    def workers(self, settings: Settings, log: Path, *words: str) -> Iterator[None]:
        """Runs ``pagefleet-worker start`` of this release while the block runs."""
        command = self._command("pagefleet-worker", "start", *words)
        with running(command, self._environment(settings), log):
            yield

    def _command(self, name: str, *words: str) -> list[str]:
        return [str(self.python), "-P", "-c", _MAIN.format(module=_MODULES[name]), *words]

    def _environment(self, settings: Settings) -> dict[str, str]:
        # PYTHONPATH would put the code under test before this release.
        return environment(settings) | {"PYTHONPATH": ""}


def install_first_release(folder: Path) -> Release:
    """Build its wheel from git and install it into ``folder``; raises ReleaseMissing."""
    source = folder / "source"
    with tarfile.open(fileobj=BytesIO(_archive())) as archive:
        archive.extractall(source, filter="data")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    target = folder / "venv"
    venv.create(target, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = target / "lib" / version / "site-packages"
    shutil.unpack_archive(wheel, packages, "zip")
    # A path in a .pth file is added without the .pth files in it: not the code under test.
    (packages / "shared-packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Release(target / "bin" / "python")


def _archive() -> bytes:
    for revision in (TAG, COMMIT):
        ended = subprocess.run(
            ["git", "archive", "--format=tar", revision], cwd=ROOT, capture_output=True, check=False
        )
        if ended.returncode == 0:
            return ended.stdout
    raise ReleaseMissing(
        f"neither tag {TAG} nor commit {COMMIT[:7]} is in this checkout; git fetch --unshallow"
    )
