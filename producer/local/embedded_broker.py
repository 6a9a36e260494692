"""A private Valkey server for one run: its own port, folder and password; ends with its parent."""

import os
import secrets
import socket
import subprocess
import time
from contextlib import suppress
from typing import Any

import redis
from pydantic import SecretStr

from producer.local.valkey_binary import valkey_binary
from shared.config.environment import helper_environment
from shared.config.private_files import private_opener
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable
from shared.processes.home_folder import private_folder
from shared.processes.parent_death import die_with_parent

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
START_TRIES = 5
_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir .
save ""
appendonly no
maxmemory-policy noeviction
logfile broker.log
daemonize no
"""


class EmbeddedBroker:
    """A context manager; ``url`` is valid inside it."""

    def __init__(self, settings: Settings) -> None:
        self.url = ""
        try:
            self._binary = valkey_binary()
        except FileNotFoundError as error:
            raise BrokerUnreachable(f"{error}, or set PAGEFLEET_REDIS_URL") from None
        self._private = private_folder(settings, "broker-")
        self._folder = self._private.folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "EmbeddedBroker":
        try:
            self._start()
        except BaseException:
            self._private.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def check(self) -> None:
        """Raise BrokerUnreachable where the server has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise BrokerUnreachable(
                f"the embedded broker ended ({self._last_log_line()}); run the command again"
            )

    def stop(self) -> None:
        """Stop the server and delete its folder; nothing in it is needed after the run."""
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._private.close()

    def _start(self) -> None:
        for _ in range(START_TRIES):
            # Another process may take the port before the server binds it: try the next one.
            if self._try_port(_free_port()):
                return
        raise BrokerUnreachable(f"the embedded broker does not start: {self._last_log_line()}")

    def _try_port(self, port: int) -> bool:
        password = secrets.token_urlsafe(24)
        config = self._folder / "broker.conf"
        with open(config, "w", opener=private_opener) as file:
            file.write(_CONFIG.format(port=port, password=password))
        parent = os.getpid()
        self._process = subprocess.Popen(
            [str(self._binary), config.name],
            cwd=self._folder,
            env=helper_environment(),
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(parent),
        )
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        return self._answers(self._process)

    def _answers(self, process: "subprocess.Popen[bytes]") -> bool:
        deadline = time.monotonic() + START_TIMEOUT_S
        with redis.Redis.from_url(self.url) as client:
            while time.monotonic() < deadline and process.poll() is None:
                with suppress(Exception):  # another server at the port may answer anything
                    if self._is_own(client):
                        return True
                time.sleep(0.02)
        process.kill()
        process.wait()
        return False

    def _is_own(self, client: "redis.Redis") -> bool:
        """Whether the server at the port is the one that was started here.

        A process of another user may have taken the port; it can't see the name of the folder.
        """
        answer: Any = client.config_get("dir")
        return bool(answer == {"dir": str(self._folder.resolve())})

    def _last_log_line(self) -> str:
        try:
            lines = (self._folder / "broker.log").read_text("utf-8", "replace")
        except OSError:
            return "no log"
        return lines.strip().splitlines()[-1] if lines.strip() else "no log"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def use_broker(settings: Settings, broker: EmbeddedBroker) -> Settings:
    """The settings of a fleet at this broker."""
    # Other commands share the default store; this fleet's sweeper must not adopt their open jobs.
    private = {
        "redis_url": SecretStr(broker.url),
        "redis_username": None,
        "redis_password": None,
        "shard": None,
        "adopt_open_jobs": False,
        # Only the engine that is started here has workers.
        "pools": None,
    }
    return settings.model_copy(update=private)
