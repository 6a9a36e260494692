"""What a watcher tells: lines for a person, or one JSON object a line."""

import json
import sys
import threading
import time
from typing import Any

from shared.domain.errors import PagefleetError

#: The same trouble is told again after this many seconds.
REPEAT_S = 60.0
REFUSED = "refused"


class EventLog:
    """Thread-safe; ``quiet`` keeps all but trouble to itself."""

    def __init__(self, as_json: bool, quiet: bool = False) -> None:
        self._json = as_json
        self._quiet = quiet
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}

    def event(self, name: str, key: str, **facts: Any) -> None:
        """Something happened to one key; a refusal is told to those who want quiet too."""
        if self._json:
            line = json.dumps({"event": name, "key": key, **facts}, ensure_ascii=False)
            self._print(line, sys.stdout)
        elif name == REFUSED or not self._quiet:
            said = " ".join(str(value) for value in facts.values() if value is not None)
            self._print(f"{name}: {_shown(key)} {said}".rstrip(), sys.stderr)

    def warning(self, error: Exception) -> None:
        """Something is unwell; the same line is not repeated for a while."""
        code = error.code if isinstance(error, PagefleetError) else "internal"
        said = " ".join(str(error).split()) or type(error).__name__
        line = f"warning[{code}]: {said}; going on as soon as it works again"
        now = time.monotonic()
        with self._lock:
            if now - self._told.get(line, float("-inf")) < REPEAT_S:
                return
            self._told = {**{k: t for k, t in self._told.items() if now - t < REPEAT_S}, line: now}
        self._print(line, sys.stderr)

    def info(self, line: str) -> None:
        """A line for the person."""
        if not self._quiet:
            self._print(line, sys.stderr)

    def _print(self, line: str, stream: Any) -> None:
        with self._lock:
            print(line, file=stream, flush=True)


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
