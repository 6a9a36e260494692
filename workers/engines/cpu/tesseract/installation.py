"""Finds the program tesseract and its language data; runs it without a shell or secrets."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shared.config.environment import program_environment
from shared.domain.errors import EngineFailed

#: Seconds for the answer which languages are installed.
_LOOK_S = 20.0


@dataclass(frozen=True)
class Installation:
    """The program, its version and the languages of its data."""

    program: str
    version: str
    languages: frozenset[str]

    def run(self, arguments: Sequence[str], picture: bytes, timeout_s: float) -> str:
        """What the program prints for ``picture``, a TIFF file; raises EngineFailed."""
        answer = _run([self.program, "-", "-", *arguments], picture, timeout_s)
        if answer is None:
            raise EngineFailed(f"tesseract did not read the lines within {timeout_s:g} s, or ended")
        return answer


@cache
def find_tesseract() -> Installation | None:
    """The installed Tesseract of version 4 or newer; None if there is none."""
    program = shutil.which("tesseract")
    # A name relative to the working folder could be a file beside the document.
    if program is None or not Path(program).is_absolute():
        return None
    version, languages = _run([program, "--version"]), _run([program, "--list-langs"])
    number = (version or "").split("\n", 1)[0].removeprefix("tesseract").strip(" v")
    if languages is None or not number[:1].isdigit() or number.startswith("3."):
        return None
    names = frozenset(line.strip() for line in languages.splitlines()[1:] if line.strip())
    return Installation(program, number, names)


def _run(command: Sequence[str], picture: bytes = b"", timeout_s: float = _LOOK_S) -> str | None:
    """The output of ``command``; None if it fails or takes longer than ``timeout_s``."""
    try:
        done = subprocess.run(
            command,
            input=picture,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=program_environment(),
            cwd="/",
            timeout=timeout_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")
