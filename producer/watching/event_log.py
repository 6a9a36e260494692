"""The log of a watcher: lines for terminals or, with log_format "json", JSON lines on stderr.

With ``--json`` the events are JSON lines on stdout. What is logged is counted too.
"""

import logging
import sys
import threading
import time
from typing import Any

from shared.console.printable import json_line, printable
from shared.domain.errors import PagefleetError
from shared.telemetry.watch_metrics import ERRORS, FILES

#: The same warning is not repeated for this many seconds.
REPEAT_S = 60.0
REFUSED = "refused"
log = logging.getLogger("pagefleet.watch")


class EventLog:
    """Thread-safe; with ``quiet`` it prints only warnings and refusals.

    ``structured``: use the loggers of this process, whose format is JSON.
    """

    def __init__(self, as_json: bool, quiet: bool = False, *, structured: bool = False) -> None:
        self._json = as_json
        self._quiet = quiet
        self._structured = structured
        self._lock = threading.Lock()
        #: When each warning was printed last.
        self._printed: dict[str, float] = {}

    def event(self, name: str, key: str, **facts: Any) -> None:
        """Something happened to one key."""
        FILES.labels(name).inc()
        if self._json:
            self._print(json_line({"event": name, "key": key, **facts}), sys.stdout)
        elif name == REFUSED or not self._quiet:
            details = " ".join(str(value) for value in facts.values() if value is not None)
            line = f"{name}: {key} {details}".rstrip()
            self._write(line, logging.INFO, {"event": name, "key": key, **facts})

    def warning(self, error: Exception) -> None:
        """An error that the watcher survives; repeated at most every ``REPEAT_S``."""
        code = error.code if isinstance(error, PagefleetError) else "internal"
        ERRORS.labels(code).inc()
        text = printable(" ".join(str(error).split())) or type(error).__name__
        line = f"warning[{code}]: {text}; the watcher continues"
        if self._is_due(line):
            self._write(line, logging.WARNING, {"code": code})

    def info(self, line: str) -> None:
        """A line about the watcher itself."""
        if not self._quiet:
            self._write(line, logging.INFO, {})

    def _is_due(self, line: str) -> bool:
        now = time.monotonic()
        with self._lock:
            self._printed = {k: t for k, t in self._printed.items() if now - t < REPEAT_S}
            if line in self._printed:
                return False
            self._printed[line] = now
            return True

    def _write(self, line: str, level: int, fields: dict[str, Any]) -> None:
        if self._structured:
            log.log(level, "%s", line, extra={"fields": fields})
        else:
            self._print(line, sys.stderr)

    def _print(self, line: str, stream: Any) -> None:
        with self._lock:
            shown = line if stream is sys.stdout else printable(line)
            # Surrogates, of names that are not UTF-8, cannot be written.
            print(shown.encode(errors="replace").decode(), file=stream, flush=True)
