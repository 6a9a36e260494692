"""Builds the objects of one watch and runs its threads."""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from producer.connections import Connections
from producer.intake.opener import Intake
from producer.submission.request import Request
from producer.submission.submitter import Submitter
from producer.watching.claims.key_claim_cache import KeyClaimCache
from producer.watching.claims.open_claims import OpenClaims
from producer.watching.claims.refused_reads import RefusedReads
from producer.watching.claims.state import WatchState
from producer.watching.event_log import EventLog
from producer.watching.finalize import Finalizer
from producer.watching.folder_options import OptionFiles
from producer.watching.ingest import Ingester
from producer.watching.places.addresses import Route, open_inbox, open_outbox
from producer.watching.places.after import After
from producer.watching.scan_steps import WatchScanSteps
from producer.watching.timings import WatchTimings
from producer.watching.track_jobs import JobTracker
from producer.watching.triggers.polling import Poller
from producer.watching.triggers.registry import TRIGGERS, TriggerRow, select_triggers
from producer.watching.triggers.trigger import Trigger, TriggerContext
from producer.watching.watch_context import WatchContext
from producer.watching.work_queue import WorkQueue
from shared.broker.key_leases import KeyLeases
from shared.broker.liveness.background_ping import pinging_broker
from shared.broker.liveness.heartbeats import MAX_NAME, Role
from shared.broker.liveness.role_beats import RoleBeats
from shared.broker.shards.sharded_leases import ShardedKeyLeases
from shared.domain.errors import BrokerUnreachable
from shared.telemetry import watch_metrics
from shared.telemetry.health import Health

#: Objects ingested at the same time; one folder uses at most half of these threads.
INGEST_THREADS = 12
#: Documents opened at the same time.
INTAKE_PROCESSES = 2
#: A key lease lasts a worker's lease divided by this: repeated work costs a watcher less.
LEASE_SHARE = 4
#: Renewals of a lease before it would expire.
RENEWALS = 3
#: The loop that scans is taken for stuck after this time and two periods.
SCAN_LIMIT_S = 1800.0
#: Conditions of being ready.
INBOX, BROKER = "a scan of the inbox", "the broker"
#: How long the end of a watch waits for its threads; other watchers adopt what is open then.
STOP_S = 3.0


@dataclass(frozen=True)
class Plan:
    """The options of one watch."""

    route: Route
    request: Request
    #: Digest of the page options on the command line.
    options: str = ""
    after: After = "keep"
    period_s: float = 10.0
    lists_per_period: int = 10
    settle_s: float = 0.0
    max_open: int = 200
    #: Values of the options of triggers, by name.
    trigger_options: Mapping[str, str] = field(default_factory=dict)
    once: bool = False


class Watcher:
    """One process of a watch; set ``stop`` to end it."""

    def __init__(
        self,
        plan: Plan,
        connections: Connections,
        intake: Intake,
        scratch: Path,
        event_log: EventLog,
        *,
        timings: WatchTimings | None = None,
        triggers: Sequence[TriggerRow] = TRIGGERS,
        health: Health | None = None,
    ) -> None:
        self._plan = plan
        self._event_log = event_log
        self._timings = timings or WatchTimings()
        self._trigger_table = triggers
        self._health = health or Health()
        self._health.require(INBOX)
        self.stop = threading.Event()
        self._thread_error: Exception | None = None
        self.context = context = self._make_context(connections, intake, scratch)
        finalizer = Finalizer(context)
        ingester = Ingester(context, finalizer, self.stop)
        self._job_tracker = JobTracker(context, finalizer, self.stop, self._timings)
        report = event_log.warning
        self.work_queue = WorkQueue(
            context.inbox,
            ingester.ingest,
            self.stop,
            report,
            has_room=context.open_claims.has_room,
            threads=INGEST_THREADS,
        )
        steps = WatchScanSteps(context, ingester, self.stop)
        self.poller = Poller(
            context.inbox, steps, self.work_queue, plan.period_s, self.stop, report, self._scanned
        )
        self._export()

    def run(self) -> None:
        """Watch until ``stop`` is set (with ``once``: until nothing is left to do).

        Raises UsageError for options of triggers, and the error that ended a thread.
        """
        triggers = self._make_triggers()
        self._beat()
        if self._plan.after == "keep":
            count = self.context.key_claim_cache.load(self.context.state)
            self._event_log.info(f"{count} objects were converted or refused before")
        settings, beats = self._plan.request.settings, self._beats()
        with ExitStack() as stack:
            for each in settings.of_shards():
                stack.enter_context(beats.leaving(each))
                stack.enter_context(pinging_broker(each, beats.send))
            for trigger in triggers:
                trigger.start()
                stack.callback(trigger.stop)
            threads = [self._start_thread(loop) for loop in self._loops(triggers)]
            stack.callback(self._stop_threads, threads)
            self.poller.run(once=self._plan.once)
        if self._thread_error is not None:
            raise self._thread_error

    def _loops(self, triggers: Sequence[Trigger]) -> list[Callable[[], None]]:
        return [
            self._keep_alive,
            self._job_tracker.run,
            *[self.work_queue.work] * INGEST_THREADS,
            *[loop for trigger in triggers for loop in trigger.loops()],
        ]

    def _keep_alive(self) -> None:
        # A thread of its own, so that a slow store does not delay leases.
        while not self.stop.wait(self.context.open_claims.lease_s / RENEWALS):
            try:
                self.context.open_claims.renew_leases()
                self._health.fulfil(BROKER)
            except BrokerUnreachable as error:
                self._health.require(BROKER)
                self._event_log.warning(error)

    def _scanned(self, succeeded: bool) -> None:
        """A scan ended; a watcher that can't scan its inbox is alive and not ready."""
        self._beat()
        if succeeded:
            watch_metrics.LAST_SCAN.set_to_current_time()
            self._health.fulfil(INBOX)
        else:
            self._health.require(INBOX)

    def _beat(self) -> None:
        # An error in any thread ends the watcher, so only the loop that scans can be stuck.
        self._health.beat("the loop that scans", SCAN_LIMIT_S + 2 * self._plan.period_s)

    def _export(self) -> None:
        claims, queue = self.context.open_claims, self.work_queue
        watch_metrics.export(
            open_files=lambda: len(claims),
            oldest_open=claims.oldest_s,
            waiting=lambda: queue.events_waiting() + queue.scanned_waiting(),
            oldest_waiting=queue.oldest_waiting_s,
        )

    def _beats(self) -> RoleBeats:
        source = str(self._plan.route.source)[:MAX_NAME]
        name = f"{socket.gethostname()[:MAX_NAME]}-{secrets.token_hex(4)}"
        return RoleBeats([Role.WATCH], name, {"source": source})

    def _start_thread(self, loop: Callable[[], None]) -> threading.Thread:
        # A daemon, so that a long poll of a queue does not delay the end of the process.
        thread = threading.Thread(target=self._run_loop, args=(loop,), daemon=True)
        thread.start()
        return thread

    def _stop_threads(self, threads: list[threading.Thread]) -> None:
        self.stop.set()
        deadline = time.monotonic() + STOP_S
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run_loop(self, loop: Callable[[], None]) -> None:
        try:
            loop()
        except Exception as error:
            # Without this thread the watcher would run but not work, so it ends.
            self._thread_error = error
            self.stop.set()

    def _make_triggers(self) -> list[Trigger]:
        options, route = self._plan.trigger_options, self._plan.route
        return [
            row.create(
                TriggerContext(
                    source=route.source,
                    options=row.values(options),
                    work_queue=self.work_queue,
                    stop=self.stop,
                    event_log=self._event_log,
                    settings=self._plan.request.settings,
                    timings=self._timings,
                )
            )
            for row in select_triggers(options, route.kind, self._trigger_table)
        ]

    def _make_context(
        self, connections: Connections, intake: Intake, scratch: Path
    ) -> WatchContext:
        plan, settings = self._plan, connections.settings
        report = self._event_log.warning
        inbox = open_inbox(plan.route, settings, plan.lists_per_period, scratch, report)
        options = OptionFiles(inbox, plan.request)
        jobs, dispatch_state = connections.jobs, connections.dispatch_state
        return WatchContext(
            inbox=inbox,
            outbox=open_outbox(plan.route, settings),
            state=WatchState(connections.store, plan.route.watch_id),
            key_claim_cache=KeyClaimCache(options, plan.options),
            options=options,
            open_claims=OpenClaims(_key_leases(connections), plan.route.watch_id, plan.max_open),
            request=plan.request,
            submitter=Submitter(intake, jobs, dispatch_state, connections.dispatcher),
            jobs=jobs,
            dispatch_state=dispatch_state,
            event_log=self._event_log,
            refused_reads=RefusedReads(self._timings.unreadable_s),
            after=plan.after,
            settle_s=plan.settle_s,
        )


def _key_leases(connections: Connections) -> KeyLeases:
    owner = f"{socket.gethostname()}-{secrets.token_hex(6)}"
    seconds = max(2, connections.settings.lease_s // LEASE_SHARE)
    if connections.is_sharded:
        return ShardedKeyLeases(connections.settings, connections.brokers, owner, seconds)
    return KeyLeases(connections.settings, owner, seconds)
