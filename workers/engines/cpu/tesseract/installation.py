"""Finds the program tesseract and its language data; runs it without a shell or secrets."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import IO

from shared.config.environment import program_environment
from shared.domain.errors import EngineFailed
from shared.processes.parent_death import die_with_parent

#: Seconds for the answer which languages are installed.
_LOOK_S = 20.0
#: Bytes that are read of its output; the words of 600 lines need far less.
_MAX_OUTPUT = 8 << 20


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
    """The output of ``command``; None if it fails, or exceeds ``timeout_s`` or its size limit."""
    try:
        with tempfile.TemporaryFile(prefix="pagefleet-") as source:
            source.write(picture)
            source.seek(0)
            output = _output(command, source, timeout_s)
    except (OSError, subprocess.SubprocessError):
        return None
    return None if output is None else output.decode("utf-8", "replace")


def _output(command: Sequence[str], source: IO[bytes], timeout_s: float) -> bytes | None:
    """What ``command`` prints for ``source``; its processes end with it and with this one."""
    process = subprocess.Popen(
        command,
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=program_environment(),
        cwd="/",
        start_new_session=True,
        preexec_fn=partial(die_with_parent, os.getpid()),  # one thread calls this
    )
    timer = threading.Timer(timeout_s, _end, [process])
    timer.start()
    with process:
        assert process.stdout is not None
        try:
            output = process.stdout.read(_MAX_OUTPUT + 1)
            if len(output) > _MAX_OUTPUT:
                _end(process)
            process.wait()
        finally:
            timer.cancel()
            _end(process)
    return output if process.returncode == 0 and len(output) <= _MAX_OUTPUT else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the program, and what it has started where it is a script."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
