"""Starts the compared programs on two cores and measures them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from benchmarks.plain_loop import Speed

#: Processes of a program that reads one document at a time; as many as the cores of the comparison.
PROCESSES = 2
_LIMIT_S = 1800.0
_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent


def loop_speed(document: Path, pages: int, home: Path, checkout: Path = _ROOT) -> Speed:
    """The CPU engine of ``checkout`` in a plain loop."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PAGEFLEET_HOME": str(home)}
    command = [sys.executable, "-P", str(_HERE / "loop.py"), str(document), str(pages)]
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, timeout=_LIMIT_S, check=True
    )
    return Speed(**json.loads(done.stdout.splitlines()[-1]))


def program_speed(name: str, environment: Path, files: Sequence[Path]) -> Speed:
    """Another program, installed in the virtual ``environment``, in two processes."""
    shares = [files[start::PROCESSES] for start in range(PROCESSES)]
    python = environment / "bin" / "python"
    processes = [_started(python, name, share) for share in shares if share]
    try:
        for process in processes:
            _next(process, "ready")
        started = time.perf_counter()
        for process in processes:
            _stream(process.stdin).write("go\n")
            _stream(process.stdin).flush()
        used = sum(json.loads(_next(process, "{"))["cpu_s"] for process in processes)
        return Speed(len(files) / (time.perf_counter() - started), used / len(files))
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _started(python: Path, name: str, files: Sequence[Path]) -> "subprocess.Popen[str]":
    command = [str(python), "-P", str(_HERE / "convert.py"), name, *map(str, files)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _next(process: "subprocess.Popen[str]", start: str) -> str:
    """The next line that begins with ``start``; programs print lines of their own."""
    for line in _stream(process.stdout):
        if line.startswith(start):
            return line
    raise RuntimeError(f"a compared program ended with {process.wait()}")


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
