"""The file in which an engine's processes report why they died."""

import json
import os
from pathlib import Path

from shared.config.private_files import private_opener


class CrashReport:
    """Names the owner process for the engine; the engine adds its first error."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> None:
        """Clear the last engine's report and write this process's id as the owner."""
        with open(self.path, "w", encoding="utf-8", opener=private_opener) as file:
            json.dump({"owner": os.getpid()}, file)

    @property
    def error(self) -> str | None:
        """The error that the engine reported; None if it reported none."""
        error = read_json(self.path).get("error")
        return None if error is None else str(error)

    @property
    def out_of_memory(self) -> bool:
        """Whether the engine ran out of GPU memory."""
        return read_json(self.path).get("memory") is True


def read_json(path: Path) -> dict[str, object]:
    """The JSON object in ``path``; empty if the file is missing or damaged."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
