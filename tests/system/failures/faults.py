"""The kinds of fault, and the schedule that injects them at random."""

import random
import signal
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain.errors import TransientError
from tests.system.failures.broker_proxy import STEPS, Moment, Trap
from tests.system.failures.feeding import Feeder
from tests.system.failures.machines import owner_of_port, renderers, send_signal, serving
from tests.system.failures.store_proxy import TROUBLES

if TYPE_CHECKING:
    from tests.system.failures.lab import Lab

#: Seconds after which a trap that did not fire is removed.
TRAP_S = 3.0
MESSAGES_TOUCHED = 4


class Faults:
    """Each method injects one kind of fault; returns whether it hit anything."""

    def __init__(self, lab: "Lab", feeder: Feeder) -> None:
        self._lab = lab
        self._feeder = feeder
        self._chance: random.Random = lab.chance
        self._old_messages: list[tuple[str, str]] = []
        self._kinds: list[tuple[int, str, Callable[[], bool]]] = [
            (8, "kill worker", lambda: self._strike("pages", signal.SIGKILL)),
            (3, "end worker", lambda: self._strike("pages", signal.SIGTERM)),
            (3, "stop worker", lambda: self._pause("pages", self._chance.uniform(0.5, 5))),
            (1, "stop worker beyond its lease", self._pause_beyond_lease),
            (3, "kill control", lambda: self._strike("control", signal.SIGKILL)),
            (1, "stop control", lambda: self._pause("control", 4)),
            (1, "kill machine", self._kill_machine),
            (2, "kill producer", feeder.kill_producer),
            (12, "kill at a step", self._kill_at_step),
            (4, "cut connections", self._cut),
            (2, "kill clients", lambda: lab.broker.cut_connections() > 0),
            (1, "delay", self._delay),
            (1, "stalled connections", self._stall),
            (1, "silent broker", self._silence_broker),
            (1, "lost broker node", self._lose_broker),
            (1, "lost machine", self._lose_machine),
            (1, "broker away", self._refuse),
            (1, "kill broker", lambda: self._kill_broker(wipe=False)),
            (1, "empty broker", lambda: self._kill_broker(wipe=True)),
            (6, "duplicate messages", self._duplicate),
            (4, "lose messages", self._lose),
            (3, "old messages", self._replay),
            (2, "second sweeper", self._free_lock),
            (2, "second reducer", self._reduce_twice),
            (1, "cancel and submit again", self._cancel),
            (1, "purge and submit again", self._purge),
        ]
        if lab.plan.draws:
            self._kinds.append((6, "kill renderer", self._kill_renderer))
        if lab.clocks:
            self._kinds += [(3, "step broker clock", self._step_broker)]
            self._kinds += [(3, "step machine clock", self._step_machine)]
        if lab.disk is not None:
            self._kinds.append((2, "full disk", self._fill_disk))
        if lab.store_proxy is not None:
            self._kinds += [(10, "store trouble", self._trouble), (1, "store away", self._outage)]
            self._kinds.append((1, "silent store", self._silence_store))

    def inject_until(self, over: Callable[[], bool]) -> None:
        """Inject random faults until the plan has them all, its time is over, or ``over()``."""
        plan, findings = self._lab.plan, self._lab.findings
        weights = [weight for weight, _, _ in self._kinds]
        deadline = time.monotonic() + plan.seconds
        while findings.faults.total() < plan.faults and not over():
            if time.monotonic() > deadline:
                break
            _, name, inject = self._chance.choices(self._kinds, weights)[0]
            try:
                hit = inject()
            except (
                OSError,
                redis.RedisError,
                TransientError,
            ):  # its target is down already
                hit = False
            if hit:
                findings.faults[name] += 1
            for machine in self._lab.machines:
                machine.ensure()
            time.sleep(self._chance.uniform(0, plan.seconds / plan.faults))

    def stop(self) -> None:
        """End all faults that last."""
        proxy = self._lab.proxy
        proxy.trap(None)
        proxy.refuse(False)
        proxy.delay(0)
        proxy.stall(False)
        proxy.lose_node(False)
        self._lab.broker.pause(False)
        for role in ("pages", "control"):
            for pid in serving(self._lab.settings, role):
                send_signal(pid, signal.SIGCONT)
        if self._lab.store_proxy is not None:
            self._lab.store_proxy.trouble((), 0)
            self._lab.store_proxy.down = False
            self._lab.store_proxy.silent = False
            self._lab.findings.faults.update(
                {f"S3 {kind}": n for kind, n in self._lab.store_proxy.injected.items()}
            )

    # Processes -----------------------------------------------------------------------------

    def _excuse(self, workers: int = 1) -> None:
        """Allow repeated work for all pages in flight of ``workers`` workers."""
        self._lab.findings.excused += workers * self._lab.plan.capacity

    def _excuse_all(self) -> None:
        self._excuse(self._lab.plan.machines)

    def _one(self, role: str) -> int | None:
        running = serving(self._lab.settings, role)
        return self._chance.choice(sorted(running)) if running else None

    def _strike(self, role: str, number: signal.Signals) -> bool:
        pid = self._one(role)
        if pid is None or not send_signal(pid, number):
            return False
        if role == "pages":
            self._excuse()
        return True

    def _pause(self, role: str, seconds: float) -> bool:
        pid = self._one(role)
        if pid is None or not send_signal(pid, signal.SIGSTOP):
            return False
        if role == "pages":
            self._excuse()
        threading.Timer(seconds, send_signal, (pid, signal.SIGCONT)).start()
        return True

    def _pause_beyond_lease(self) -> bool:
        return self._pause("pages", self._lab.plan.lease_s * 1.5)

    def _kill_machine(self) -> bool:
        machine = self._chance.choice(self._lab.machines)
        self._excuse()
        return send_signal(machine.process.pid, signal.SIGKILL)

    def _lose_machine(self) -> bool:
        """Its processes stop without a word, and another machine takes its place."""
        self._excuse()
        self._lab.lose(self._chance.choice(self._lab.machines))
        return True

    def _kill_renderer(self) -> bool:
        running = sorted(renderers(self._lab.settings))
        number = self._chance.choice((signal.SIGKILL, signal.SIGTERM))
        if not running or not send_signal(self._chance.choice(running), number):
            return False
        self._lab.findings.excused += 1
        return True

    def _kill_at_step(self) -> bool:
        """SIGKILL the process that next calls a certain script, just before or just after it."""
        step = self._chance.choice(STEPS[:5])
        moment: Moment = self._chance.choice(("before", "after"))
        fired = threading.Event()
        settings = self._lab.settings

        def fire(port: int) -> None:
            candidates = serving(settings, "pages") + serving(settings, "control")
            pid = owner_of_port(port, candidates)
            if pid is not None and send_signal(pid, signal.SIGKILL):
                self._excuse()
                fired.set()

        self._lab.proxy.trap(Trap(step, moment, fire))
        hit = fired.wait(TRAP_S)
        self._lab.proxy.trap(None)
        return hit

    # The broker ----------------------------------------------------------------------------

    def _cut(self) -> bool:
        self._lab.proxy.cut()
        return True

    def _delay(self) -> bool:
        self._lab.proxy.delay(self._chance.uniform(0.02, 0.2))
        time.sleep(2)
        self._lab.proxy.delay(0)
        return True

    def _stall(self) -> bool:
        """Nothing passes on open connections for a while; then they are cut."""
        self._lab.proxy.stall(True)
        time.sleep(self._chance.uniform(1, 4))
        self._lab.proxy.cut()
        self._lab.proxy.stall(False)
        return True

    def _refuse(self) -> bool:
        self._lab.proxy.refuse(True)
        time.sleep(self._chance.uniform(0.5, 3))
        self._lab.proxy.refuse(False)
        return True

    def _silence_broker(self) -> bool:
        self._lab.broker.pause(True)
        time.sleep(self._chance.uniform(1, 5))
        self._lab.broker.pause(False)
        return True

    def _lose_broker(self) -> bool:
        """Its connections stay open and dead; another node answers new ones after a while."""
        self._lab.proxy.lose_node(True)
        time.sleep(self._chance.uniform(1, 4))
        self._lab.proxy.lose_node(False)
        return True

    def _kill_broker(self, *, wipe: bool) -> bool:
        self._excuse_all()
        self._lab.broker.kill()
        if wipe:
            self._lab.broker.wipe()
        time.sleep(self._chance.uniform(0, 1.5))
        self._lab.broker.start()
        return True

    # Messages ------------------------------------------------------------------------------

    def _waiting(self) -> list[tuple[str, str]]:
        with self._lab.client() as client:
            queues = [str(key) for key in client.scan_iter("pagefleet:pages.fake.*", _type="list")]
            return [(queue, text) for queue in queues for text in client.lrange(queue, 0, 20)]

    def _some(self, messages: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self._chance.sample(messages, min(MESSAGES_TOUCHED, len(messages)))

    def _push(self, messages: list[tuple[str, str]]) -> bool:
        with self._lab.client() as client:
            for queue, text in messages:
                client.lpush(queue, text)
        return bool(messages)

    def _duplicate(self) -> bool:
        chosen = self._some(self._waiting())
        self._old_messages += chosen
        return self._push(chosen)

    def _lose(self) -> bool:
        chosen = self._some(self._waiting())
        self._old_messages += chosen
        with self._lab.client() as client:
            return any([client.lrem(queue, 1, text) for queue, text in chosen])

    def _replay(self) -> bool:
        return self._push(self._some(self._old_messages))

    def _free_lock(self) -> bool:
        with self._lab.client() as client:
            return bool(client.delete("pagefleet:lock:sweeper"))

    def _reduce_twice(self) -> bool:
        jobs = list(self._feeder.jobs)
        if not jobs:
            return False
        settings = self._lab.settings
        Dispatcher(settings, DispatchState(settings)).reduce(self._chance.choice(jobs))
        return True

    # Commands --------------------------------------------------------------------------------

    def _cancel(self) -> bool:
        jobs = [job for job in list(self._feeder.jobs) if not self._ended(job)]
        return bool(jobs) and self._feeder.cancel_and_retry(self._chance.choice(jobs))

    def _purge(self) -> bool:
        jobs = [job for job in list(self._feeder.jobs) if self._ended(job)]
        if not jobs:
            return False
        job_id = self._chance.choice(jobs)
        if not self._feeder.purge_and_resubmit(job_id):
            return False
        self._lab.findings.resubmitted += self._feeder.pages_of[job_id]
        return True

    def _ended(self, job_id: str) -> bool:
        return self._lab.store.exists(f"jobs/{job_id}/_DONE")

    # Clocks --------------------------------------------------------------------------------

    def _step_broker(self) -> bool:
        self._lab.clocks["broker"].step(self._chance)
        return True

    def _step_machine(self) -> bool:
        names = sorted(self._lab.clocks.keys() - {"broker"})
        self._lab.clocks[self._chance.choice(names)].step(self._chance)
        return True

    # The store -----------------------------------------------------------------------------

    def _fill_disk(self) -> bool:
        """Leave space for no or few files for a while; writes may fail half-way."""
        assert self._lab.disk is not None
        hit = self._lab.disk.fill(self._chance.randrange(64 << 10))
        time.sleep(self._chance.uniform(0.5, 4))
        self._lab.disk.free()
        return hit

    def _trouble(self) -> bool:
        assert self._lab.store_proxy is not None
        kinds = tuple(self._chance.sample(TROUBLES, 3))
        self._lab.store_proxy.trouble(kinds, self._chance.uniform(0.02, 0.3))
        return True

    def _outage(self) -> bool:
        assert self._lab.store_proxy is not None
        self._lab.store_proxy.down = True
        time.sleep(self._chance.uniform(1, 5))
        self._lab.store_proxy.down = False
        return True

    def _silence_store(self) -> bool:
        assert self._lab.store_proxy is not None
        self._lab.store_proxy.silent = True
        time.sleep(self._chance.uniform(1, 5))
        self._lab.store_proxy.silent = False
        return True
