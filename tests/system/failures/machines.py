"""The machines of the laboratory: supervisors with their workers, and signals to them."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from shared.config.settings import Settings
from shared.processes.parent_death import die_with_parent
from tests.support.fleets.fleet import BIN, environment, processes_of


class Machine:
    """One ``pagefleet-worker start``; ``ensure`` restarts it, as an orchestrator does."""

    def __init__(
        self, settings: Settings, log: Path, extra: Mapping[str, str], port: int = 0
    ) -> None:
        own = settings.model_copy(update={"metrics_port": port})
        self._environment = {**environment(own), **extra}
        self._log = log
        self.process = self._start()

    def ensure(self) -> None:
        """Start it again if it has ended."""
        if self.process.poll() is not None:
            self.process = self._start()

    def stop(self) -> None:
        """Stop it with SIGTERM, or with SIGKILL after 40 seconds."""
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def lose(self, port: int) -> "subprocess.Popen[bytes]":
        """Pause all its processes, as on a node that is cut off, and start it on another one.

        Its ports begin at ``port`` then, because the paused processes keep the old ones. Returns
        the supervisor that was lost.
        """
        lost = self.process
        signal_tree(lost.pid, signal.SIGSTOP)
        self._environment["PAGEFLEET_METRICS_PORT"] = str(port)
        self.process = self._start()
        return lost

    def _start(self) -> "subprocess.Popen[bytes]":
        parent = os.getpid()
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [str(BIN / "pagefleet-worker"), "start", "--engine", "fake"],
                env=self._environment,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                preexec_fn=lambda: die_with_parent(parent),
            )


def serving(settings: Settings, role: str) -> list[int]:
    """Processes of all machines with ``role`` "pages" or "control"."""
    return [pid for pid in processes_of(settings) if _words(pid)[:2] == ["serve", role]]


def renderers(settings: Settings) -> list[int]:
    """Helper processes that render pages: children of pages processes that are no workers."""
    parents = set(serving(settings, "pages"))
    return [pid for pid in _all() if _parent(pid) in parents and not _words(pid)]


def send_signal(pid: int, number: signal.Signals) -> bool:
    """Send a signal; False if the process has already ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def signal_tree(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and then to all below it, so that it can't start them again."""
    with suppress(psutil.NoSuchProcess):
        below = psutil.Process(pid).children(recursive=True)
        for each in (pid, *(child.pid for child in below)):
            send_signal(each, number)


def owner_of_port(port: int, among: list[int]) -> int | None:
    """Which of these processes has a connection from a local TCP port."""
    inode = _inode(port)
    if inode is None:
        return None
    for pid in among:
        try:
            links = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:
            continue
        if f"socket:[{inode}]" in links:
            return pid
    return None


def producer(settings: Settings, *words: str) -> "subprocess.Popen[bytes]":
    """Start a ``pagefleet`` command, which may be killed."""
    parent = os.getpid()
    return subprocess.Popen(
        [sys.executable, "-m", "producer.cli", *words],
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: die_with_parent(parent),
    )


def _inode(port: int) -> str | None:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].split(":")[1], 16) == port:
            return fields[9]
    return None


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def _words(pid: int) -> list[str]:
    """The words after ``workers.cli`` of a process's command line."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
    return words[words.index("workers.cli") + 1 :] if "workers.cli" in words else []
