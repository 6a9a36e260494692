"""A command that ends without taking its modules apart still finishes its work."""

import os
import subprocess
import sys

BEGIN = "from shared.processes import command_process\ncommand_process.begin()\n"
END = "\ncommand_process.end(3)"


def ended(program: str) -> "subprocess.CompletedProcess[str]":
    """Run ``program`` between the two calls of a command."""
    command = [sys.executable, "-P", "-c", BEGIN + program + END]
    return subprocess.run(
        command,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_output_threads_and_registered_functions_are_finished_and_the_status_is_kept() -> None:
    command = ended(
        "import atexit, threading, time\n"
        "atexit.register(print, 'registered', flush=False)\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()\n"
        "print('command')"
    )

    assert command.stdout.split() == ["command", "thread", "registered"]
    assert (command.returncode, command.stderr) == (3, "")


def test_the_modules_are_not_taken_apart() -> None:
    command = ended("class Last:\n  def __del__(self): print('end')\nlast = Last()")

    assert command.stdout == ""


def test_an_error_is_reported_as_usual() -> None:
    command = ended("1 / 0")

    assert command.returncode == 1
    assert "ZeroDivisionError" in command.stderr


def test_output_that_cannot_be_written_is_reported_as_usual() -> None:
    command = ended(
        "import os, sys\nclosed, end = os.pipe()\nos.close(closed)\nos.dup2(end, 1)\nprint('lost')"
    )

    assert command.returncode == 120, "the status of Python for a failed last write"
    assert "BrokenPipeError" in command.stderr


def test_a_loaded_worker_collects_garbage_as_usual_and_leaves_its_modules_out() -> None:
    command = ended(
        "import gc\nbefore = gc.get_threshold()[0]\ncommand_process.loaded()\n"
        "print(before > 10 * gc.get_threshold()[0], gc.get_freeze_count() > 1000)"
    )

    assert command.stdout.split() == ["True", "True"]
