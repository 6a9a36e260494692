"""A cluster that can be believed: the chart's objects as processes on this machine.

Commands, variables, files and grace periods are those that the chart renders. What differs is
what a cluster would give: addresses (loopback ports for service names and pod addresses),
volumes (folders) and Secrets. KEDA and the scheduler are small stand-ins; the scaler reads the
same number from the same address as the real one.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import redis

from producer.local.valkey_binary import valkey_binary
from shared.processes.parent_death import die_with_parent
from tests.support.packaging.helm_chart import Manifest, environment, named, of_kind
from tests.support.servers.processes import free_ports

BIN = Path(sys.executable).parent
#: Of a kind that breaks a URL, a shell and a configuration file that do not quote it.
PASSWORD = """p@ss:w/rd #%2f?&$HOME "it's" \\ €"""


@dataclass
class Pod:
    """One process group with what the kubelet knows of it."""

    process: "subprocess.Popen[bytes]"
    grace_s: float
    metrics_port: int

    @property
    def lives(self) -> bool:
        """Whether the container runs."""
        return self.process.poll() is None

    def answers(self, path: str) -> bool:
        """What a probe sees."""
        with suppress(OSError, URLError), urlopen(f"http://127.0.0.1:{self.metrics_port}{path}"):
            return True
        return False

    def drain(self) -> float:
        """SIGTERM, the grace period, SIGKILL; seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        return time.monotonic() - started


@dataclass
class Cluster:
    """Deployments by name; every pod has a folder for its volumes."""

    objects: list[Manifest]
    folder: Path
    secrets: Mapping[str, str]
    pods: dict[str, list[Pod]] = field(default_factory=dict)
    births: int = 0
    broker_port: int = 0
    #: In the Secret that the chart names.
    password: str = PASSWORD

    def __post_init__(self) -> None:
        (self.broker_port,) = free_ports(1)

    def start_broker(self) -> None:
        """The StatefulSet of Valkey, with its rendered command and configuration."""
        name = of_kind(self.objects, "StatefulSet")[0]["metadata"]["name"]
        pod = named(self.objects, "StatefulSet", name)["spec"]["template"]["spec"]
        places = {"/etc/valkey": "etc", "/run/valkey": "run", "/data": "data"}
        for place in places.values():
            (self.folder / place).mkdir(parents=True)
        config = self._placed(named(self.objects, "ConfigMap", name)["data"]["valkey.conf"], places)
        config += f"bind 127.0.0.1\nport {self.broker_port}\n"
        (self.folder / "etc" / "valkey.conf").write_text(config)
        (self.folder / "bin").mkdir()
        (self.folder / "bin" / "valkey-server").symlink_to(valkey_binary())
        words = [self._placed(word, places) for word in pod["containers"][0]["command"]]
        variables = {"VALKEY_PASSWORD": self.password, "PATH": f"{self.folder}/bin:{os.defpath}"}
        self.pods[name] = [self._spawn(words, variables, 30, 0, name)]

    def broker(self) -> redis.Redis:
        """A client as KEDA has one."""
        return redis.Redis(
            port=self.broker_port, password=self.password, decode_responses=True, socket_timeout=5
        )

    def scale(self, deployment: str, replicas: int) -> None:
        """Start or drain pods until there are as many as asked for."""
        running = [pod for pod in self.pods.get(deployment, []) if pod.lives]
        while len(running) < replicas:
            running.append(self._start(deployment))
        for pod in running[replicas:]:
            pod.drain()
        self.pods[deployment] = running[:replicas]

    def variables(self, deployment: str) -> dict[str, str]:
        """What a command in a pod of this deployment has in its environment."""
        pod = named(self.objects, "Deployment", deployment)["spec"]["template"]["spec"]
        found = environment(self.objects, pod)
        name = of_kind(self.objects, "StatefulSet")[0]["metadata"]["name"]
        found["PAGEFLEET_REDIS_PASSWORD"] = self.password
        found["PAGEFLEET_REDIS_URL"] = found["PAGEFLEET_REDIS_URL"].replace(
            f"{name}:6379", f"127.0.0.1:{self.broker_port}"
        )
        return {**found, **self.secrets}

    def stop(self) -> None:
        """Take everything down, the broker last."""
        for pods in reversed(list(self.pods.values())):
            for pod in pods:
                if pod.lives:
                    os.killpg(pod.process.pid, signal.SIGKILL)
                    pod.process.wait()

    def _start(self, deployment: str) -> Pod:
        self.births += 1
        spec = named(self.objects, "Deployment", deployment)["spec"]["template"]["spec"]
        home = self.folder / f"{deployment}-{self.births}"
        home.mkdir()
        (port,) = free_ports(1)
        variables = {
            **self.variables(deployment),
            "PAGEFLEET_HOME": str(home),
            "PAGEFLEET_METRICS_PORT": str(port),
            "PAGEFLEET_METRICS_HOST": "127.0.0.1",
            "PATH": f"{BIN}:{os.defpath}",
            "HOME": str(home),
        }
        command, *words = spec["containers"][0]["args"]
        grace = float(spec["terminationGracePeriodSeconds"])
        return self._spawn([str(BIN / command), *words], variables, grace, port, home.name)

    def _spawn(
        self, words: list[str], variables: dict[str, str], grace: float, port: int, name: str
    ) -> Pod:
        parent = os.getpid()
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                words,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(parent),
            )
        return Pod(process, grace, port)

    def _placed(self, text: str, places: dict[str, str]) -> str:
        for path, place in places.items():
            text = text.replace(path, str(self.folder / place))
        return text


@dataclass
class Scaler:
    """KEDA's redis scaler and the autoscaler that follows it, for one ScaledObject."""

    scaled: Manifest
    broker: redis.Redis
    busy: float = 0.0

    def desired(self, current: int) -> int:
        """Pods wanted now: pages over pages per pod, zero only after the cool-down."""
        spec = self.scaled["spec"]
        facts = spec["triggers"][0]["metadata"]
        pages = int(self.broker.zcard(facts["listName"]))
        if pages > int(facts["activationListLength"]):
            self.busy = time.monotonic()
        elif time.monotonic() - self.busy > spec["cooldownPeriod"]:
            return int(spec["minReplicaCount"])
        wanted = -(-pages // int(facts["listLength"]))
        least = max(1 if current else int(pages > 0), int(spec["minReplicaCount"]))
        return min(max(wanted, least), int(spec["maxReplicaCount"]))
