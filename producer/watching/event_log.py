"""The log of a watcher: lines for terminals on stderr, or JSON lines on stdout."""

import sys
import threading
import time
from typing import Any

from shared.console.printable import json_line, printable
from shared.domain.errors import PagefleetError

#: The same warning is not repeated for this many seconds.
REPEAT_S = 60.0
REFUSED = "refused"


class EventLog:
    """Thread-safe; with ``quiet`` it prints only warnings and refusals."""

    def __init__(self, as_json: bool, quiet: bool = False) -> None:
        self._json = as_json
        self._quiet = quiet
        self._lock = threading.Lock()
        #: When each warning was printed last.
        self._printed: dict[str, float] = {}

    def event(self, name: str, key: str, **facts: Any) -> None:
        """Something happened to one key."""
        if self._json:
            self._print(json_line({"event": name, "key": key, **facts}), sys.stdout)
        elif name == REFUSED or not self._quiet:
            details = " ".join(str(value) for value in facts.values() if value is not None)
            self._print(f"{name}: {key} {details}".rstrip(), sys.stderr)

    def warning(self, error: Exception) -> None:
        """An error that the watcher survives; repeated at most every ``REPEAT_S``."""
        code = error.code if isinstance(error, PagefleetError) else "internal"
        text = printable(" ".join(str(error).split())) or type(error).__name__
        line = f"warning[{code}]: {text}; the watcher continues"
        if self._is_due(line):
            self._print(line, sys.stderr)

    def info(self, line: str) -> None:
        """A line for terminals."""
        if not self._quiet:
            self._print(line, sys.stderr)

    def _is_due(self, line: str) -> bool:
        now = time.monotonic()
        with self._lock:
            self._printed = {k: t for k, t in self._printed.items() if now - t < REPEAT_S}
            if line in self._printed:
                return False
            self._printed[line] = now
            return True

    def _print(self, line: str, stream: Any) -> None:
        with self._lock:
            shown = line if stream is sys.stdout else printable(line)
            # Surrogates, of names that are not UTF-8, cannot be written.
            print(shown.encode(errors="replace").decode(), file=stream, flush=True)
