"""Clocks that step: a process's realtime clock, set while it runs; its monotonic one is untouched.

A small library (``clock.c``) is laid before the C library's. Without a C compiler there are
no such clocks, and the laboratory leaves their faults out.
"""

import random
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
HOUR_S = 3600
#: Steps are minutes to hours long; some set a clock right again.
STEPS_S = (60, 600, HOUR_S, 5 * HOUR_S)


def build(folder: Path) -> Path | None:
    """The library, made in ``folder``; None where that can't be done."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "clock.so"
    words = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    ended = subprocess.run([*words, "-ldl", "-lpthread"], capture_output=True, check=False)
    return library if ended.returncode == 0 else None


class Clock:
    """One clock for any number of processes, which follow it at once."""

    def __init__(self, library: Path, path: Path) -> None:
        self._path = path
        path.write_bytes(bytes(8))
        #: For whoever shall live by this clock.
        self.environment = {"LD_PRELOAD": str(library), "LAB_CLOCK": str(path)}

    def set(self, off_s: int) -> None:
        """So many seconds off from now on."""
        with self._path.open("r+b") as file:
            file.write(struct.pack("=q", off_s))

    def step(self, chance: random.Random) -> None:
        """Forwards, back, or right again."""
        self.set(chance.choice((0, *STEPS_S)) * chance.choice((1, -1)))


def clocks(folder: Path, names: Iterable[str]) -> dict[str, Clock]:
    """A clock for each name; none at all where clocks can't be made."""
    library = build(folder)
    return {name: Clock(library, folder / f"{name}.clock") for name in names} if library else {}
