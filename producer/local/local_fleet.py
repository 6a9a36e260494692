"""The worker processes that ``run`` starts on this machine."""

import os
import subprocess
import time
from collections import deque
from pathlib import Path

from shared.config.private_files import create_private, make_private_folder
from shared.config.private_home import secure_home
from shared.config.settings import Settings, as_environment
from shared.domain.errors import EngineUnavailable, ExitCode, PagefleetError
from shared.processes.home_folder import home_errors
from shared.processes.parent_death import die_with_parent
from shared.processes.python_command import python_command

#: Seconds beyond ``drain_s`` before workers are killed.
STOP_SLACK_S = 20.0
#: Log files of earlier runs that are not deleted.
KEPT_LOGS = 20
#: Last lines of the log that are searched for the reason of an end.
LOG_TAIL_LINES = 40
LOGS = "logs"


class WorkersDied(PagefleetError):
    """The worker processes ended by themselves."""


class LocalFleet:
    """``pagefleet-worker start`` as a child process; a context manager that stops it."""

    def __init__(self, settings: Settings, engine: str) -> None:
        self._settings = settings
        self._engine = engine
        with home_errors(settings):
            secure_home(settings.home)
            self.log = _new_log_path(settings.home)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "LocalFleet":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(self._settings.drain_s + STOP_SLACK_S)

    def start(self) -> None:
        """Start the workers unless they have been started."""
        if self._process is not None:
            return
        parent = os.getpid()
        with home_errors(self._settings):
            output = create_private(self.log)
        with output as log:
            self._process = subprocess.Popen(
                python_command("-m", "workers.cli", "start", "--engine", self._engine),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches only the command, which then stops the workers in order.
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),
            )

    def _environment(self) -> dict[str, str]:
        variables = as_environment(self._settings, ["flower_password"])
        # These workers end with the command, so later jobs must not be sent to their pool.
        own = {"PAGEFLEET_LOG_FORMAT": "human", "PAGEFLEET_DECLARE_POOL": "false"}
        return {**variables, **own}

    def check(self) -> None:
        """Raise EngineUnavailable or WorkersDied where the workers have ended."""
        process = self._process
        if process is None or process.poll() is None:
            return
        reason = self._last_error()
        if process.returncode == ExitCode.USAGE:
            raise EngineUnavailable(reason)
        raise WorkersDied(f"the workers ended with {process.returncode}: {reason}")

    def stop(self, timeout_s: float) -> None:
        """Ask the workers to stop; kill them after ``timeout_s`` seconds."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _last_error(self) -> str:
        """The last error line of the log, else its last line, with the path of the log."""
        with self.log.open(errors="replace") as file:
            lines = deque((line.strip() for line in file if line.strip()), maxlen=LOG_TAIL_LINES)
        errors = [line for line in lines if line.startswith("error")]
        last = (errors or list(lines) or ["no output"])[-1]
        message = last.split("]: ", 1)[-1].removeprefix("error: ")
        return f"{message} (log: {self.log})"


def _new_log_path(home: Path) -> Path:
    folder = home / LOGS
    make_private_folder(folder)
    for old in sorted(folder.glob("run-*.log"))[:-KEPT_LOGS]:
        old.unlink(missing_ok=True)
    return folder / f"run-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
