"""One run: start the fleet, submit jobs, inject faults, wait for the end, check the store."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from shared.config.settings import Settings, build_settings
from shared.storage.factory import open_store
from shared.storage.s3_client import forget_clients
from shared.storage.store import ObjectStore
from tests.support.fleets.prober import probing
from tests.support.fleets.watched_fleet import free_ports
from tests.support.servers.durable_broker import DurableBroker
from tests.support.servers.processes import S3Server, start_s3
from tests.system.failures.broker_proxy import BrokerProxy
from tests.system.failures.clocks import clocks
from tests.system.failures.faults import Faults
from tests.system.failures.feeding import Feeder
from tests.system.failures.machines import Machine, signal_tree
from tests.system.failures.plan import Findings, Plan
from tests.system.failures.small_disk import SmallDisk
from tests.system.failures.store_proxy import StoreProxy
from tests.system.failures.verdict import count_repeated, judge

POLL_S = 0.5
#: Processes of a machine, in the order of their ports.
ROLES = ("pages", "control")
PER_MACHINE = len(ROLES)


class Lab:
    """Everything that one plan needs; ``run`` leaves no process behind."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], object]) -> None:
        self.plan = plan
        self.folder = folder
        self.say = say
        self.findings = Findings()
        self.chance = random.Random(plan.seed)
        (folder / "broker").mkdir()
        #: By name of the machine; empty where clocks can't be set.
        self.clocks = clocks(folder, ["broker", *self._names()])
        self.broker = DurableBroker(
            folder / "broker", environment=self._clock_environment("broker")
        )
        self.broker.start()
        self.proxy = BrokerProxy(self.broker.port)
        # After the broker, because a broker that fails to start must not leave a mount.
        self.disk = SmallDisk.mounted(folder / "store") if plan.store == "file" else None
        self.s3, self.store_proxy = self._start_store()
        self.settings = build_settings(self._values())
        #: Not through the proxy.
        self.store: ObjectStore = open_store(self._plain_settings())
        self.machines: list[Machine] = []
        #: Supervisors of machines that were lost; their processes are paused.
        self.lost: list[subprocess.Popen[bytes]] = []
        self._first_port = free_ports(PER_MACHINE * plan.machines)

    def run(self) -> Findings:
        """Submit, inject faults, wait, check."""
        started = time.monotonic()
        try:
            self._work()
        finally:
            self._stop()
        self.findings.seconds = time.monotonic() - started
        return self.findings

    def client(self) -> redis.Redis:
        """A client of the broker, not through the proxy."""
        return redis.Redis.from_url(self.broker.url, decode_responses=True)

    def lose(self, machine: Machine) -> None:
        """Lose a machine; the one that takes its place is probed too."""
        port = free_ports(PER_MACHINE)
        self.lost.append(machine.lose(port))
        for role, each in _ports_of(f"replacement-{len(self.lost)}", port).items():
            self._prober.add(role, each)

    def _work(self) -> None:
        log = self.folder / "workers.log"
        self.machines = [
            Machine(self.settings, log, self._clock_environment(name), port)
            for name, port in zip(self._names(), self._ports(), strict=True)
        ]
        with probing(self._probed_ports()) as self._prober:
            self._inject()
        self.findings.problems += self._prober.condemned()

    def _inject(self) -> None:
        feeder = Feeder(self)
        feeding = threading.Thread(target=feeder.feed, daemon=True)
        feeding.start()
        faults = Faults(self, feeder)
        self._record_left_out()
        faults.inject_until(lambda: not feeding.is_alive() and feeder.all_ended())
        feeder.stop()
        feeding.join()
        faults.stop()
        self._await_end(feeder)
        read_again = count_repeated(self.folder / "journal")
        self.findings.repeated = max(0, read_again - self.findings.resubmitted)
        judge(self.store, feeder.jobs, feeder.purged, self.findings)

    def _await_end(self, feeder: Feeder) -> None:
        deadline = time.monotonic() + self.plan.patience_s
        while time.monotonic() < deadline:
            for machine in self.machines:
                machine.ensure()
            if feeder.all_ended() and not list(self.store.list("open/")):
                return
            time.sleep(POLL_S)

    def _ports(self) -> list[int]:
        return [self._first_port + PER_MACHINE * n for n in range(self.plan.machines)]

    def _probed_ports(self) -> dict[str, int]:
        machines = zip(self._names(), self._ports(), strict=True)
        return {
            process: each
            for name, port in machines
            for process, each in _ports_of(name, port).items()
        }

    def _names(self) -> list[str]:
        return [f"machine-{number}" for number in range(self.plan.machines)]

    def _clock_environment(self, name: str) -> dict[str, str]:
        clock = self.clocks.get(name)
        return clock.environment if clock else {}

    def _record_left_out(self) -> None:
        if not self.clocks:
            self.findings.left_out.append("stepping clocks (they need a C compiler)")
        if self.disk is None:
            self.findings.left_out.append(
                "full disk (it needs a file store and the right to mount)"
            )

    def _start_store(self) -> tuple[S3Server | None, StoreProxy | None]:
        if self.plan.store == "file":
            return None, None
        (self.folder / "s3").mkdir()
        server = start_s3(self.folder / "s3")
        self._before = {name: os.environ.get(name) for name in server.environment}
        os.environ.update(server.environment)
        return server, StoreProxy(server.endpoint, self.plan.seed)

    def _values(self) -> dict[str, Any]:
        plan = self.plan
        values: dict[str, Any] = {
            "home": self.folder / "home",
            "redis_url": f"redis://127.0.0.1:{self.proxy.port}/0",
            "engine": "fake",
            "store": (self.folder / "store").as_uri(),
            "fake_latency_ms": plan.latency_ms,
            "fake_render": plan.draws,
            "fake_journal": self.folder / "journal",
            "max_concurrency": plan.capacity,
            "num_workers": 1,
            "lease_s": plan.lease_s,
            "drain_s": 2,
            "broker_timeout_s": 2,
            "sweep_interval_s": 2,
        }
        if self.s3 is not None and self.store_proxy is not None:
            values["store"] = f"s3://{self.s3.bucket}/lab"
            values["s3_endpoint_url"] = self.store_proxy.endpoint
        return values

    def _plain_settings(self) -> Settings:
        endpoint = self.s3.endpoint if self.s3 is not None else None
        return self.settings.model_copy(update={"s3_endpoint_url": endpoint})

    def _stop(self) -> None:
        for supervisor in self.lost:
            signal_tree(supervisor.pid, signal.SIGKILL)
            supervisor.wait()
        for machine in self.machines:
            machine.stop()
        self.proxy.close()
        self.broker.kill()
        if self.disk is not None:
            self.disk.remove()
        if self.s3 is not None and self.store_proxy is not None:
            self.store_proxy.close()
            self.s3.stop()
            forget_clients()
            for name, value in self._before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def _ports_of(machine: str, first: int) -> dict[str, int]:
    """The port of each process of a machine by its name."""
    return {f"{role} of {machine}": first + place for place, role in enumerate(ROLES)}
