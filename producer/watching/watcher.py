"""Puts the parts of one watch together and runs its threads."""

import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from producer.connections import Connections
from producer.intake.opener import Intake
from producer.submission.request import Request
from producer.submission.submitter import Submitter
from producer.watching.claim_cache import ClaimCache
from producer.watching.event_log import EventLog
from producer.watching.finalize import Finalizer
from producer.watching.folder_options import OptionFiles
from producer.watching.ingest import Ingester
from producer.watching.open_claims import OpenClaims
from producer.watching.places.addresses import Route, open_inbox, open_outbox
from producer.watching.state import WatchState
from producer.watching.track_jobs import JobTracker
from producer.watching.triggers.folder_events import FolderEvents
from producer.watching.triggers.polling import Poller
from producer.watching.triggers.queue_events import QueueEvents
from producer.watching.triggers.webhook import Receiver, serving
from producer.watching.watch_context import After, WatchContext
from producer.watching.work_queue import WorkQueue
from shared.broker.key_leases import KeyLeases
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable
from shared.storage.sqs_client import EventQueue
from shared.storage.store import split_s3

#: Objects taken at the same time.
INGEST_THREADS = 6
#: Documents opened at the same time.
INTAKE_PROCESSES = 2
#: A watcher loses its work to others in this part of a worker's lease: it has less to lose.
LEASE_SHARE = 4
#: How often a lease is renewed before it would end.
RENEWALS = 3
#: Name of the heartbeat file in ``heartbeat_dir``.
HEARTBEAT = "watch"
#: What is under way when a watcher stops may take so long; the rest is adopted by the next.
STOP_S = 3.0


@dataclass(frozen=True)
class Plan:
    """What a person asked of one watch."""

    route: Route
    request: Request
    #: Digest of the page options on the command line.
    options: str = ""
    after: After = "keep"
    period_s: float = 10.0
    lists_per_period: int = 10
    settle_s: float = 0.0
    max_open: int = 200
    queue_url: str | None = None
    listen: str | None = None
    secret: str = ""
    once: bool = False


class Watcher:
    """One process of a watch."""

    def __init__(
        self,
        plan: Plan,
        connections: Connections,
        intake: Intake,
        scratch: Path,
        event_log: EventLog,
    ) -> None:
        self._plan = plan
        self._event_log = event_log
        self.stop = threading.Event()
        self._broken: Exception | None = None
        self.context = self._context(connections, intake, scratch)
        finalizer = Finalizer(self.context)
        self._ingester = Ingester(self.context, finalizer, self.stop)
        self._job_tracker = JobTracker(self.context, finalizer, self.stop)
        self.work_queue = WorkQueue(
            self.context.inbox, self._ingester, self.stop, event_log.warning
        )
        self.poller = Poller(
            self.context, self._ingester, self.work_queue, plan.period_s, self.stop
        )

    def run(self) -> None:
        """Watch until ``stop`` is set (with ``once``: until nothing is left to do)."""
        loops = [
            self._keep_alive,
            self._job_tracker.run,
            *[self.work_queue.work] * INGEST_THREADS,
            *self._triggers(),
        ]
        if self._plan.after == "keep":
            known = self.context.claim_cache.load(self.context.state)
            self._event_log.info(f"{known} objects are known from before")
        with ExitStack() as stack:
            self._listen(stack)
            threads = [self._start(loop) for loop in loops]
            stack.callback(self._end, threads)
            self.poller.run(once=self._plan.once)
        if self._broken is not None:
            raise self._broken

    def _keep_alive(self) -> None:
        # Apart from all that may wait for a store that is away. A thread that breaks ends the
        # whole watcher, so this one's beat stands for all of them.
        self._beat()
        while not self.stop.wait(self.context.open_claims.lease_s / RENEWALS):
            self._beat()
            try:
                self.context.open_claims.renew_leases()
            except BrokerUnreachable as error:
                self._event_log.warning(error)

    def _beat(self) -> None:
        """Touch the file that probes look at; a full disk makes them fail, which is right."""
        folder = self._plan.request.settings.heartbeat_dir
        if folder is not None:
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                (folder / HEARTBEAT).touch()

    def _start(self, loop: Callable[[], None]) -> threading.Thread:
        # A daemon: what waits for a queue's long poll must not hold up the end.
        thread = threading.Thread(target=self._guarded, args=(loop,), daemon=True)
        thread.start()
        return thread

    def _end(self, threads: list[threading.Thread]) -> None:
        self.stop.set()
        deadline = time.monotonic() + STOP_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _guarded(self, loop: Callable[[], None]) -> None:
        try:
            loop()
        except Exception as error:
            # A thread that ends by itself would leave a watcher that only seems to watch.
            self._broken = error
            self.stop.set()

    def _triggers(self) -> list[Callable[[], None]]:
        plan = self._plan
        if not plan.route.in_bucket:
            root = Path(unquote(plan.route.source.removeprefix("file://")))
            trouble = self._event_log.warning
            return [FolderEvents(root, self.work_queue, self.stop, trouble).run]
        if plan.queue_url is None:
            return []
        queue = EventQueue(plan.queue_url, plan.request.settings.s3_region)
        source = split_s3(plan.route.source)
        events = QueueEvents(queue, source, self.work_queue, self._event_log, self.stop)
        return [events.receive, events.settle_held]

    def _listen(self, stack: ExitStack) -> None:
        if self._plan.listen is not None:
            source = split_s3(self._plan.route.source)
            receiver = Receiver(source, self.work_queue, self._plan.secret)
            port = stack.enter_context(serving(self._plan.listen, receiver))
            self._event_log.info(f"events are received on port {port}")

    def _context(self, connections: Connections, intake: Intake, scratch: Path) -> WatchContext:
        plan, settings = self._plan, connections.settings
        inbox = open_inbox(plan.route, settings, plan.lists_per_period, scratch)
        options = OptionFiles(inbox, plan.request)
        jobs, dispatch_state = connections.jobs, connections.dispatch_state
        return WatchContext(
            inbox=inbox,
            outbox=open_outbox(plan.route, settings),
            state=WatchState(connections.store, plan.route.watch_id),
            claim_cache=ClaimCache(options, plan.options),
            options=options,
            open_claims=OpenClaims(_leases(settings), plan.route.watch_id, plan.max_open),
            request=plan.request,
            submitter=Submitter(intake, jobs, dispatch_state, connections.dispatcher),
            jobs=jobs,
            dispatch_state=dispatch_state,
            event_log=self._event_log,
            after=plan.after,
            settle_s=plan.settle_s,
        )


def _leases(settings: Settings) -> KeyLeases:
    owner = f"{socket.gethostname()}-{secrets.token_hex(6)}"
    return KeyLeases(settings, owner, max(2, settings.lease_s // LEASE_SHARE))
