"""One outage: start the fleet, stop the service, start it again, check the results."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Any

import redis
from pydantic import SecretStr

from shared.config.settings import Settings, build_settings
from shared.storage.factory import open_store
from shared.storage.store import ObjectStore
from tests.support.fleets.fleet import in_process, pdf, workers
from tests.support.fleets.ledger_check import check_job, has_ended
from tests.support.fleets.prober import Prober, probing
from tests.support.fleets.watched_fleet import free_ports, samples
from tests.system.failures.machines import serving
from tests.system.failures.verdict import count_repeated
from tests.system.outage.lost_machine import LostMachine
from tests.system.outage.plan import Findings, Plan
from tests.system.outage.services import Services, services

Machine = AbstractContextManager["subprocess.Popen[bytes]"]
POLL_S = 0.2
TICKS = os.sysconf("SC_CLK_TCK")
#: Seconds after the start of the outage in which pages in flight still use cores.
SETTLING_S = 3.0
#: Processes of a machine: pages and control.
PER_MACHINE = 2


class Outage:
    """``run`` leaves no process behind."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], object]) -> None:
        self.plan = plan
        self.findings = Findings(plan)
        self._folder = folder
        self._say = say
        self._first_port = free_ports(PER_MACHINE * (plan.machines + 1))

    def run(self) -> Findings:
        """Read a third of the pages, have the outage, read the rest, check."""
        with services(self.plan, self._folder) as around:
            settings = build_settings(self._values(around))
            store = open_store(settings)
            jobs: list[str] = []
            try:
                # First, or a fast machine would have read all pages before the last submission.
                jobs += self._submit(settings)
                with ExitStack() as stack:
                    machines = self._start(settings, around, stack)
                    self._await_reads(around, self.plan.pages // 3)
                    with probing(self._ports()) as prober:
                        self._outage(settings, around, machines, prober, stack)
                        self._await_end(store, around, jobs)
                    self.findings.problems += prober.findings()
            except subprocess.TimeoutExpired:
                self.findings.problems.append("a machine did not end on SIGTERM")
            self._judge(store, around, jobs)
        return self.findings

    def _ports(self) -> dict[str, int]:
        """The port of each process by its name, except those of a lost machine."""
        return {
            f"{role}-{machine}": self._first_port + PER_MACHINE * machine + place
            for machine in range(int(self.plan.what == "machine"), self.plan.machines)
            for place, role in enumerate(("pages", "control"))
        }

    def _values(self, around: Services) -> dict[str, Any]:
        plan, server = self.plan, around.store.server
        assert server is not None
        values: dict[str, Any] = {
            "home": self._folder / "home",
            "redis_url": around.broker_url,
            "store": f"s3://{server.bucket}/outage",
            "s3_endpoint_url": around.endpoint,
            "max_concurrency": plan.capacity,
            "num_workers": 1,
            "lease_s": plan.lease_s,
            "broker_timeout_s": plan.broker_timeout_s,
            "sweep_interval_s": plan.lease_s / 12,
            # A failed attempt fails the page at once, so that it can't go unnoticed.
            "max_attempts": 1,
        }
        if plan.what == "engine":
            return {**values, "engine": "openai", "engine_url": around.server.url}
        fake = {"fake_latency_ms": plan.latency_ms, "fake_render": False}
        return {**values, "engine": "fake", "fake_journal": around.journal, **fake}

    def _start(self, settings: Settings, around: Services, stack: ExitStack) -> list[int]:
        """Start all machines; the first one is the one that may be lost."""
        first = settings.model_copy(update={"redis_url": SecretStr(around.first_machine_url)})
        return [
            stack.enter_context(self._machine(settings if number else first, number)).pid
            for number in range(self.plan.machines)
        ]

    def _machine(self, settings: Settings, number: int) -> "Machine":
        port = self._first_port + PER_MACHINE * number
        own = settings.model_copy(update={"metrics_port": port})
        return workers(own, self._folder / f"machine-{number}.log")

    def _submit(self, settings: Settings) -> list[str]:
        plan, jobs = self.plan, []
        for first in range(0, plan.pages, plan.pages_per_job):
            path = self._folder / f"document-{first}.pdf"
            pdf(path, min(plan.pages_per_job, plan.pages - first), title=f"outage {first}")
            ended = in_process(settings, "submit", "--json", str(path))
            assert ended.status == 0, ended.err
            jobs.append(str(ended.lines[0]["job_id"]))
        self._say(f"{plan.pages} pages in {len(jobs)} jobs submitted")
        return jobs

    def _await_reads(self, around: Services, pages: int) -> None:
        deadline = time.monotonic() + self.plan.patience_s
        while _lines(around.journal) < pages:
            assert time.monotonic() < deadline, "the fleet does not read"
            time.sleep(POLL_S)

    def _outage(
        self,
        settings: Settings,
        around: Services,
        machines: list[int],
        prober: Prober,
        stack: ExitStack,
    ) -> None:
        plan, findings = self.plan, self.findings
        lost = LostMachine(plan, machines[0]) if plan.what == "machine" else around
        born = self._processes(settings)
        with redis.Redis.from_url(around.broker.url) as client:
            engine = "openai" if plan.what == "engine" else "fake"
            findings.in_flight = int(client.zcard(f"pagefleet:leases:{engine}"))
        lost.take_away()
        if plan.what == "machine":
            stack.enter_context(self._machine(settings, plan.machines))  # its replacement
        away, away_s = time.monotonic(), prober.now()
        findings.before = _lines(around.journal)
        self._say(f"{findings.before} pages read; the {plan.what} is away for {plan.seconds:g} s")
        settling = min(SETTLING_S, plan.seconds / 3)
        time.sleep(settling)
        used, since = _cpu_s(machines), time.monotonic()
        while (passed := time.monotonic() - away) < plan.seconds:
            if plan.what == "broker" and not findings.broker_down_s and self._says_down():
                findings.broker_down_s = time.monotonic() - away
            time.sleep(min(POLL_S, max(0.0, plan.seconds - passed)))
        findings.cores = (_cpu_s(machines) - used) / (time.monotonic() - since)
        findings.meanwhile = _lines(around.journal) - findings.before
        findings.restarts = len(born - self._processes(settings))
        said = prober.not_ready_after_s(away_s).values()
        unready = [seconds for seconds in said if seconds is not None]
        findings.not_ready_s = max(unready) if len(unready) == len(said) else 0.0
        lost.bring_back()
        self._say(f"the {plan.what} is back")

    def _says_down(self) -> bool:
        """Whether the metrics of the first control process say that the broker is away."""
        found = samples(self._first_port + 1).items()
        return any(value == 0 for (name, _), value in found if name == "pagefleet_broker_up")

    def _processes(self, settings: Settings) -> set[int]:
        return {*serving(settings, "pages"), *serving(settings, "control")}

    def _await_end(self, store: ObjectStore, around: Services, jobs: list[str]) -> None:
        back, waiting = time.monotonic(), list(jobs)
        read = self.findings.before + self.findings.meanwhile
        with redis.Redis.from_url(around.broker.url, retry_on_timeout=True) as client:
            while waiting and time.monotonic() - back < self.plan.patience_s:
                if not self.findings.first_s and _lines(around.journal) > read:
                    self.findings.first_s = time.monotonic() - back
                self.findings.blamed = max(self.findings.blamed, _blamed(client))
                while waiting and has_ended(store, waiting[0]):
                    waiting.pop(0)
                time.sleep(POLL_S)
        self.findings.last_s = time.monotonic() - back
        self.findings.problems += [f"{job_id} has not ended" for job_id in waiting]

    def _judge(self, store: ObjectStore, around: Services, jobs: list[str]) -> None:
        findings = self.findings
        findings.repeated = count_repeated(around.journal)
        for job_id in jobs:
            try:
                checked = check_job(store, job_id)
            except Exception as error:  # record each broken job and check the next one
                findings.problems.append(f"{job_id}: {type(error).__name__} {error}"[:300])
                continue
            findings.ok += checked.counts["ok"]
            findings.failed += checked.counts["failed"]
            findings.tried_again += sum(1 for tries in checked.attempts.values() if tries != 1)
            codes = sorted(set(checked.failed.values()))
            findings.problems += [f"{job_id} failed with {', '.join(codes)}"] if codes else []


def _blamed(client: "redis.Redis") -> int:
    kinds = ("attempts", "suspicion")
    keys = [key for kind in kinds for key in client.scan_iter(f"pagefleet:{kind}:*", count=1000)]
    return sum(int(client.hlen(key)) for key in keys)


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _cpu_s(fleet: list[int]) -> float:
    """CPU seconds of these processes and their descendants, ended ones included."""
    parents, used = dict[int, int](), dict[int, int]()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                parents[int(entry.name)] = int(fields[1])
                used[int(entry.name)] = sum(map(int, fields[11:15]))
    family, size = set(fleet), 0
    while len(family) > size:
        size = len(family)
        family |= {pid for pid, parent in parents.items() if parent in family}
    return sum(used.get(pid, 0) for pid in family) / TICKS
