"""Real fleets for tests: ``pagefleet`` commands, and workers as processes."""

import io
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from producer.cli import cli
from shared.config.settings import Settings, as_environment, build_settings
from shared.console.entry_point import run_command
from shared.processes.parent_death import die_with_parent
from shared.processes.sandbox import Sandbox
from shared.telemetry.process_labels import PROCESS_LABELS
from tests.support.documents import pdf_samples
from tests.support.documents.pdf_samples import text
from tests.support.servers.processes import start_redis

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class CommandResult:
    """Exit code and output of a command."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a command: the settings as variables, without the terminal's size."""
    variables = {**as_environment(settings), "PYTHONWARNINGS": "ignore"}
    # Test runners set these, and they would override the size of a pseudo terminal.
    for name in ("COLUMNS", "LINES"):
        variables.pop(name, None)
    return variables


def pagefleet(
    settings: Settings, *words: str, timeout_s: float = 120, stdin: bytes | None = None
) -> CommandResult:
    """Run ``pagefleet`` with ``words`` and wait for its end."""
    completed = subprocess.run(
        [str(BIN / "pagefleet"), *words],
        env=environment(settings),
        input=stdin,
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    return CommandResult(completed.returncode, completed.stdout.decode(), completed.stderr.decode())


#: Modules that start helper processes, by the command that uses them.
_HELPERS = {
    "evaluate": ("producer.evaluation.scoring",),
    "fetch": ("producer.delivery.page_files",),
    "report": ("producer.report.writing",),
    "run": ("producer.intake.opener", "producer.delivery.page_files"),
    "submit": ("producer.intake.opener",),
}


class _KeptSandbox:
    """Helper processes that serve all commands of a test run, and end with it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.run = sandbox.run
        self.submit = sandbox.submit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave them running."""


@cache
def _kept_sandbox(
    name: str, processes: int, memory_mb: int, preload: tuple[str, ...]
) -> _KeptSandbox:
    return _KeptSandbox(Sandbox(name, processes, memory_mb, preload=preload))


def in_process(settings: Settings, *words: str, stdin: bytes = b"") -> CommandResult:
    """The same as ``pagefleet`` without a new process, which is faster.

    Commands share their helper processes, of which each start costs up to half a second.
    """
    out, err = io.StringIO(), io.StringIO()
    input_stream = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    with (
        ExitStack() as stack,
        patch.dict(os.environ, environment(settings), clear=True),
        # Labels of a process end with it.
        patch.object(PROCESS_LABELS, "_labels", {}),
        patch("sys.stdin", input_stream),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        for module in _HELPERS.get(words[0], ()):
            stack.enter_context(patch(f"{module}.Sandbox", _kept_sandbox))
        status = run_command(cli, "pagefleet", list(words))
    return CommandResult(int(status), out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Fleet:
    """A running fleet with the fake engine; calling it runs ``pagefleet``."""

    settings: Settings

    def __call__(self, *words: str, stdin: bytes = b"", **changed: Any) -> CommandResult:
        """Run a command in this process, with ``changed`` settings."""
        return in_process(self.settings.model_copy(update=changed), *words, stdin=stdin)


@contextmanager
def fleet(folder: Path, **values: Any) -> Iterator[Fleet]:
    """Runs a broker, a store in a folder and workers while the block runs."""
    (folder / "redis").mkdir()
    redis = start_redis(folder / "redis")
    plain = {"home": folder / "home", "redis_url": redis.url, "engine": "fake", **values}
    settings = build_settings(plain)
    try:
        with workers(settings, folder / "workers.log"):
            yield Fleet(settings)
    finally:
        redis.stop()


def start_pagefleet(
    settings: Settings, *words: str, stdin: int | None = None
) -> "subprocess.Popen[bytes]":
    """Start ``pagefleet`` with ``words`` in its own process group, as a shell does."""
    parent = os.getpid()
    return subprocess.Popen(
        [str(BIN / "pagefleet"), *words],
        env=environment(settings),
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(parent),
    )


@contextmanager
def workers(settings: Settings, log: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs ``pagefleet-worker start`` while the block runs; then stops it with SIGTERM."""
    command = [str(BIN / "pagefleet-worker"), "start", *words]
    with running(command, environment(settings), log) as process:
        yield process


@contextmanager
def running(
    command: Sequence[str], variables: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs ``command`` with its output in ``log`` while the block runs; then sends SIGTERM."""
    parent = os.getpid()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=variables,
            stdout=output,
            stderr=output,
            preexec_fn=lambda: die_with_parent(parent),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def pdf(path: Path, pages: int, *, title: str = "test") -> Path:
    """Write a new document, a PDF with one line of text on each page; no two have the same bytes.

    PyMuPDF would take seconds for the thousands of pages of a long job.
    """
    shown = re.sub(r"[^ -~]|[()\\]", "?", title)
    lines = [text(f"{shown} {number}", 11, (40, 240)) for number in range(1, pages + 1)]
    unique = b"/Unique <%s>" % secrets.token_hex(16).encode()
    path.write_bytes(pdf_samples.pdf(lines, size=(300, 300), catalog_extra=unique))
    return path


def processes_of(settings: Settings) -> list[int]:
    """Processes that have the home folder of these settings in environment or command line."""
    pids = []
    marker = str(settings.home).encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if marker in words and state != "Z":
            pids.append(int(entry.name))
    return pids


def pages_processes(settings: Settings) -> list[int]:
    """The pages processes of these settings."""
    pids = []
    for pid in processes_of(settings):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"serve" in words and b"pages" in words:
            pids.append(pid)
    return pids


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Poll until ``condition`` is true; fails the test after ``seconds``."""
    started = time.monotonic()
    while not condition():
        waited = time.monotonic() - started
        assert waited < seconds, f"not true within {seconds:g} s"
        # Long waits poll less often, because conditions list stores and processes.
        time.sleep(min(0.05 + waited / 20, 0.3))


def kill(pids: Sequence[int], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to each process that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
