"""Builds everything of a release that needs no container engine.

Usage: ``python infra/release/artifacts.py FOLDER [TAG]``. Writes the wheel, the source archive, the
chart, an SBOM of each lock file and SHA256SUMS. The same commit gives the same wheel and archive.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import helm_python
import sbom
from versions import ROOT, disagreements

_LOCKS = {
    "package": "requirements.lock",
    "image": "infra/docker/requirements-cpu.lock",
    "image-gpu": "infra/docker/requirements-gpu.lock",
}


def build(folder: Path, tag: str | None = None) -> list[Path]:
    """Write all artifacts into the empty ``folder``; returns their paths. Raises SystemExit."""
    problems = list(disagreements(ROOT, tag))
    if problems:
        raise SystemExit("\n".join(problems))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty; remove it first")
    _build_package(folder)
    helm_python.package(ROOT / "helm" / "pagefleet", destination=folder)
    for name, lock in _LOCKS.items():
        sbom.main([str(ROOT / lock), str(folder / f"sbom-{name}.cdx.json")])
    built = sorted(folder.iterdir())
    sums = "".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in built)
    (folder / "SHA256SUMS").write_text(sums)
    return [*built, folder / "SHA256SUMS"]


def _build_package(folder: Path) -> None:
    # A fixed time makes the archives the same on every machine.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": _commit_time()}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist"]
    subprocess.run([*command, "-d", str(folder.resolve())], cwd=ROOT, env=environment, check=True)


def _commit_time() -> str:
    command = ["git", "log", "-1", "--format=%ct"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.stdout.strip() or "0"


if __name__ == "__main__":
    for artifact in build(Path(sys.argv[1]), *sys.argv[2:3]):
        print(artifact)
