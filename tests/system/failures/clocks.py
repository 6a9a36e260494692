"""Sets the realtime clock of running processes; their monotonic clock stays correct.

A small library (``clock.c``), preloaded before the C library, changes the time. Without a C
compiler the laboratory leaves out these faults.
"""

import random
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")
HOUR_S = 3600
#: Steps are minutes to hours long; one choice corrects the clock.
STEPS_S = (60, 600, HOUR_S, 5 * HOUR_S)


def build(folder: Path) -> Path | None:
    """Compile the library in ``folder``; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "clock.so"
    words = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE)]
    ended = subprocess.run([*words, "-ldl", "-lpthread"], capture_output=True, check=False)
    return library if ended.returncode == 0 else None


class Clock:
    """One clock for any number of processes; a change takes effect at once."""

    def __init__(self, library: Path, path: Path) -> None:
        self._path = path
        path.write_bytes(bytes(8))
        #: Environment of processes that use this clock.
        self.environment = {"LD_PRELOAD": str(library), "LAB_CLOCK": str(path)}

    def set(self, off_s: int) -> None:
        """From now on the clock is ``off_s`` seconds ahead."""
        with self._path.open("r+b") as file:
            file.write(struct.pack("=q", off_s))

    def step(self, chance: random.Random) -> None:
        """Set the clock ahead, back, or to the correct time."""
        self.set(chance.choice((0, *STEPS_S)) * chance.choice((1, -1)))


def clocks(folder: Path, names: Iterable[str]) -> dict[str, Clock]:
    """A clock for each name; empty where the library can't be compiled."""
    library = build(folder)
    return {name: Clock(library, folder / f"{name}.clock") for name in names} if library else {}
