"""A command in a real pseudo terminal, seen through a terminal emulator."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence

import pyte

from shared.processes.parent_death import die_with_parent


class Terminal:
    """A context manager; ``bytes`` is all that the command wrote."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], columns: int, lines: int
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.bytes = b""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.modes = termios.tcgetattr(theirs)
        self._theirs = theirs
        parent = os.getpid()
        self.process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: _own_terminal(parent),
        )

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._theirs)
        os.close(self._ours)

    @property
    def text(self) -> str:
        """What a person sees now."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def modes_now(self) -> list[object]:
        """Modes of the terminal: echo, line input and the rest."""
        return termios.tcgetattr(self._theirs)

    def wait_for(self, wanted: str, seconds: float = 60) -> None:
        """Read until ``wanted`` is on the screen."""
        deadline = time.monotonic() + seconds
        while wanted not in self.text:
            assert time.monotonic() < deadline, f"never showed {wanted!r}:\n{self.text}"
            self.read(0.1)

    def press(self, key: bytes) -> None:
        """Type."""
        os.write(self._ours, key)

    def resize(self, columns: int, lines: int) -> None:
        """As a person drags the window."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._screen.resize(lines, columns)

    def end(self, seconds: float = 30) -> int:
        """The command's exit status."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "did not end"
            self.read(0.05)
        self.read(0.1)
        return self.process.returncode

    def read(self, seconds: float) -> None:
        """Take in what comes within some seconds."""
        while select.select([self._ours], [], [], seconds)[0]:
            data = os.read(self._ours, 65536)
            self.bytes += data
            self._stream.feed(data)
            seconds = 0


def _own_terminal(parent: int) -> None:
    """In the child: the pseudo terminal is its controlling one, so that Ctrl-C is a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    die_with_parent(parent)
