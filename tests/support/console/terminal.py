"""Runs a command in a pseudo terminal and shows its screen through a terminal emulator."""

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

#: A control string that shows nothing.
_END = b"\x1b_end of output\x1b\\"


class Terminal:
    """A context manager; ``bytes`` is everything that the command wrote."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], columns: int, lines: int
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.bytes = b""
        self._parent_end, child_end = pty.openpty()
        fcntl.ioctl(child_end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.modes = termios.tcgetattr(child_end)
        self._child_end = child_end
        parent = os.getpid()
        self.process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm-256color"},
            stdin=child_end,
            stdout=child_end,
            stderr=child_end,
            start_new_session=True,
            preexec_fn=lambda: _own_terminal(parent),
        )

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._child_end)
        os.close(self._parent_end)

    @property
    def text(self) -> str:
        """The text on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def modes_now(self) -> list[object]:
        """The current modes of the terminal, such as echo and line input."""
        return termios.tcgetattr(self._child_end)

    def wait_for(self, text: str, seconds: float = 60) -> None:
        """Read until ``text`` is on the screen."""
        deadline = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < deadline, f"never showed {text!r}:\n{self.text}"
            self.read(0.1)

    def press(self, key: bytes) -> None:
        """Type a key."""
        os.write(self._parent_end, key)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the window."""
        fcntl.ioctl(self._parent_end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._screen.resize(lines, columns)

    def end(self, seconds: float = 30) -> int:
        """Wait for the command's end; returns its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "did not end"
            self.read(0.05)
        # The terminal passes output on in its own time; the mark comes after all of it.
        os.write(self._child_end, _END)
        while not self.bytes.endswith(_END):
            assert time.monotonic() < deadline, "the terminal did not pass its output on"
            self.read(0.05)
        self.bytes = self.bytes.removesuffix(_END)
        return self.process.returncode

    def read(self, seconds: float) -> None:
        """Read what the command writes; waits at most ``seconds`` for the first bytes."""
        while select.select([self._parent_end], [], [], seconds)[0]:
            data = os.read(self._parent_end, 65536)
            self.bytes += data
            self._stream.feed(data)
            seconds = 0


def _own_terminal(parent: int) -> None:
    """Runs in the child: makes the pseudo terminal controlling, so that Ctrl-C sends a signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    die_with_parent(parent)
