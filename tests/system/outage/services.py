"""The three services of a fleet, each of which can be stopped and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from shared.storage.s3_client import forget_clients
from tests.support.servers.durable_broker import DurableBroker
from tests.support.servers.durable_s3 import DurableS3
from tests.support.servers.processes import free_ports, kill, spawn, wait_ready
from tests.system.failures.broker_proxy import BrokerProxy
from tests.system.outage.plan import BY_PROXY, Plan
from tests.system.outage.reading_server import ready


class ReadingServer:
    """An OpenAI-compatible server in its own process, always on the same port."""

    def __init__(self, journal: Path, latency_ms: float) -> None:
        (self._port,) = free_ports(1)
        self._journal, self._latency_ms = journal, latency_ms
        self.url = f"http://127.0.0.1:{self._port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        words = [sys.executable, "-m", "tests.system.outage.reading_server", str(self._port)]
        words += [str(self._journal), str(self._latency_ms)]
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self.process = spawn(words, self._journal.with_name("server.log"), paths)
        wait_ready(self.process, lambda: ready(self.url))

    def kill(self) -> None:
        """Kill the server with SIGKILL."""
        if self.process is not None:
            kill(self.process)


class Services:
    """Broker, store and the server of the engine; ``take_away`` stops the plan's service.

    A proxy stands before broker and store where the plan leaves connections half open.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        for name in ("broker", "s3"):
            (folder / name).mkdir()
        self.journal = folder / "journal"
        self.broker = DurableBroker(folder / "broker")
        self.store = DurableS3(folder / "s3")
        self.server = ReadingServer(self.journal, plan.latency_ms)
        self._plan = plan
        self._stopped = 0
        self._proxy: BrokerProxy | None = None

    @property
    def broker_url(self) -> str:
        """The broker's address for the fleet."""
        return self.broker.url if self._plan.what == "machine" else self.first_machine_url

    @property
    def first_machine_url(self) -> str:
        """The broker's address for the first machine, which may be lost."""
        if self._proxy is None or self._plan.what == "store":
            return self.broker.url
        return f"redis://127.0.0.1:{self._proxy.port}/0"

    @property
    def endpoint(self) -> str:
        """The store's address for the fleet."""
        assert self.store.server is not None
        if self._proxy is None or self._plan.what != "store":
            return self.store.server.endpoint
        return f"http://127.0.0.1:{self._proxy.port}"

    def start(self) -> None:
        """Start the services that the plan needs."""
        self.broker.start()
        server = self.store.start()
        if self._plan.what == "engine":
            self.server.start()
        if self._plan.how in BY_PROXY:
            of_store = self._plan.what == "store"
            self._proxy = BrokerProxy(server.port if of_store else self.broker.port)
        if self._plan.what == "machine":
            self._proxy = BrokerProxy(self.broker.port)
            self._proxy.keep_upstream()

    def stop(self) -> None:
        """Kill all services, paused ones too."""
        if self._proxy is not None:
            self._proxy.close()
        self.broker.kill()
        self.store.kill()
        self.server.kill()

    def take_away(self) -> None:
        """Kill or pause the plan's service, or have its connections die."""
        if self._proxy is not None:
            self._switch(self._proxy, True)
            return
        if self._plan.how == "silent":
            self._stopped = self._pid()
            os.kill(self._stopped, signal.SIGSTOP)
            return
        ends: dict[str, Callable[[], object]] = {
            "broker": self.broker.kill, "store": self.store.kill, "engine": self.server.kill,
        }  # fmt: skip
        ends[self._plan.what]()

    def bring_back(self) -> None:
        """Start the service again with its data."""
        if self._proxy is not None:
            self._switch(self._proxy, False)
            return
        if self._plan.how == "silent":
            os.kill(self._stopped, signal.SIGCONT)
            return
        starts: dict[str, Callable[[], object]] = {
            "broker": self.broker.start, "store": self.store.start, "engine": self.server.start,
        }  # fmt: skip
        starts[self._plan.what]()

    def _switch(self, proxy: BrokerProxy, on: bool) -> None:
        (proxy.half_open if self._plan.how == "half-open" else proxy.lose_node)(on)

    def _pid(self) -> int:
        if self._plan.what == "broker":
            with redis.Redis.from_url(self.broker.url) as client:
                return int(client.info()["process_id"])
        server = self.store.server if self._plan.what == "store" else self.server
        assert server is not None
        assert server.process is not None
        return server.process.pid


@contextmanager
def services(plan: Plan, folder: Path) -> Iterator[Services]:
    """The plan's services while the block runs, with the store's keys in the environment."""
    running = Services(plan, folder)
    with ExitStack() as stack:
        stack.callback(running.stop)
        running.start()
        assert running.store.server is not None
        keys = running.store.server.environment
        stack.callback(_restore, {name: os.environ.get(name) for name in keys})
        os.environ.update(keys)
        forget_clients()
        yield running


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    forget_clients()
