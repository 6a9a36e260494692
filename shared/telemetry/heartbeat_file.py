"""A file touched while this process is alive, for probes that run a command.

Look at its age, for example: ``find FOLDER -newermt '-60 seconds' -name vllm | grep -q .``
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.config.private_files import FILE_MODE, make_private_folder
from shared.telemetry.health import Health

log = logging.getLogger("pagefleet.health")
BEAT_S = 5.0


@contextmanager
def heartbeat_file(folder: Path | None, role: str, health: Health) -> Iterator[None]:
    """Touch ``folder/role`` every five seconds while the block runs; None touches nothing."""
    if folder is None:
        yield
        return
    make_private_folder(folder)
    path, stopped = folder / role, threading.Event()
    beater = threading.Thread(
        target=_beat, args=(path, health, stopped), name="heartbeat", daemon=True
    )
    beater.start()
    try:
        yield
    finally:
        stopped.set()
        beater.join(BEAT_S)
        path.unlink(missing_ok=True)


def _beat(path: Path, health: Health, stopped: threading.Event) -> None:
    while True:
        failures = health.failures()
        if failures:
            log.error("this process reports that it is not alive: %s", "; ".join(failures))
        else:
            with suppress(OSError):  # a full disk makes the probe fail, which is right
                path.touch(FILE_MODE)
        if stopped.wait(BEAT_S):
            return
