"""Measures the code of a helper process; runs while Python starts there.

A helper process has an empty environment, in which coverage looks for its settings, and it is
killed at its end. So this file starts coverage itself, and stores the data before each answer.
"""

import sys
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).parents[4]


def measure() -> None:
    """Start coverage, and store its data whenever the process sends an answer."""
    from coverage import Coverage

    coverage = Coverage(
        config_file=str(ROOT / "pyproject.toml"),
        data_file=str(ROOT / "build/coverage/data"),
        data_suffix=True,
    )
    coverage.start()
    send_bytes = Connection.send_bytes

    def save_and_send(self: Connection, data: bytes) -> None:
        # Not always ``coverage``: Python may run coverage's own start file after this one.
        current = Coverage.current()
        if current is not None:
            current.get_data()  # stores what is new in the data file
        send_bytes(self, data)

    Connection.send_bytes = save_and_send  # type: ignore[assignment, method-assign]


if any("shared.processes.sandbox_child" in word for word in sys.orig_argv):
    measure()
