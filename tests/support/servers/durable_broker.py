"""A real broker that a test may kill and start again, with its append-only file."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import redis

from producer.local.valkey_binary import valkey_binary
from shared.processes.parent_death import die_with_parent
from tests.support.servers.processes import free_ports


class DurableBroker:
    """One Valkey on one port; ``kill`` is SIGKILL, ``start`` loads what was written."""

    def __init__(
        self,
        folder: Path,
        *,
        append_only: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        (self.port,) = free_ports(1)
        self._append_only = append_only
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it answers."""
        options = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self._folder),
            "save": "",
            "appendonly": "yes" if self._append_only else "no",
            "appendfsync": "always",
        }
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        parent = os.getpid()
        self._process = subprocess.Popen(
            [str(valkey_binary()), *words],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: die_with_parent(parent),
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
                    # Another broker may have taken the port since it was found free.
                    if client.info()["process_id"] == self._process.pid:
                        return
            except redis.exceptions.RedisError:
                time.sleep(0.05)
        raise AssertionError("the broker does not answer")

    def kill(self) -> None:
        """Kill it by SIGKILL."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self, on: bool) -> None:
        """Stop its process, so that it is silent and keeps its connections; or let it run again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def wipe(self) -> None:
        """Delete its files; call only while it is stopped."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()

    def cut_connections(self) -> int:
        """Close every client's connection, as a fail-over or an idle cut would."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.client_kill_filter(_type="normal", skipme=True))
