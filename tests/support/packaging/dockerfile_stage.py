"""Runs the steps of one Dockerfile stage in a folder, on machines without a container engine.

Supports the instructions of infra/docker: FROM … AS, WORKDIR, ENV, COPY from the context, RUN.
Absolute paths of the image become paths below the folder.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_FROM = re.compile(r"FROM\s+(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_ABSOLUTE = re.compile(r"(?<![\w.:/])/(opt|src|var|tmp)\b")


@dataclass
class Stage:
    """The file system of an image, in a folder."""

    root: Path
    context: Path
    variables: dict[str, str] = field(default_factory=dict)
    folder: Path = Path()

    def run(self, dockerfile: Path, name: str, python: str) -> None:
        """Execute every step of the stage called ``name``."""
        for word, rest in steps(dockerfile, name):
            getattr(self, f"_{word.lower()}")(rest, python)

    def _workdir(self, rest: str, python: str) -> None:
        self.folder = Path(self._below_root(rest))
        self.folder.mkdir(parents=True, exist_ok=True)

    def _env(self, rest: str, python: str) -> None:
        self.variables |= dict(word.split("=", 1) for word in shlex.split(rest))

    def _copy(self, rest: str, python: str) -> None:
        *sources, target = shlex.split(rest)
        for source in sources:
            path, place = self.context / source, self.folder / target
            if path.is_dir():
                shutil.copytree(path, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, place / path.name if place.is_dir() else place)

    def _run(self, rest: str, python: str) -> None:
        command = re.sub(r"\bpython -m venv\b", f"{python} -m venv", self._below_root(rest))
        (self.root / "opt").mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **self.variables}
        subprocess.run(["bash", "-euc", command], cwd=self.folder, env=environment, check=True)

    def _below_root(self, text: str) -> str:
        return _ABSOLUTE.sub(lambda match: f"{self.root}/{match[1]}", text)


def steps(dockerfile: Path, name: str) -> Iterator[tuple[str, str]]:
    """The instructions of one stage as (word, rest), with continued lines joined."""
    inside = False
    for line in _logical_lines(dockerfile):
        word, _, rest = line.partition(" ")
        if word.upper() == "FROM":
            match = _FROM.match(line)
            inside = bool(match and match[2] == name)
        elif inside:
            yield word, rest.strip()


def _logical_lines(dockerfile: Path) -> Iterator[str]:
    text = re.sub(r"\\\n", " ", dockerfile.read_text())
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()
