"""A fleet with the fake engine in which tests drop files for watchers."""

import json
import os
import secrets
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from producer.connections import Connections
from producer.intake.opener import Intake
from producer.submission.request import Request
from producer.watching.event_log import EventLog
from producer.watching.places.addresses import route_of
from producer.watching.timings import WatchTimings
from producer.watching.triggers.registry import TRIGGERS, TriggerRow
from producer.watching.watcher import Plan, Watcher
from shared.config.settings import Settings
from shared.processes.parent_death import die_with_parent
from shared.storage import s3_client
from shared.storage.factory import open_store
from shared.storage.s3_bucket import Bucket, open_bucket
from shared.storage.store import ObjectStore
from tests.support.documents.pdf_samples import pdf, text
from tests.support.fleets.fleet import BIN, environment, wait_until

Event = dict[str, Any]
#: Names of the files of ``wait_until_events_arrive`` start with this.
PROBE = "probe-"
#: A probe that is not reported after this time is replaced by another one.
PROBE_S = 5.0


def document(words: str, pages: int = 1) -> bytes:
    """A PDF whose pages contain ``words``, so that other words make another document."""
    return pdf([text(f"{words} {number}") for number in range(1, pages + 1)])


class EventRecorder(EventLog):
    """An event log that keeps everything for the test."""

    def __init__(self) -> None:
        super().__init__(as_json=True)
        self.events: list[Event] = []
        self.warnings: list[str] = []

    def event(self, name: str, key: str, **facts: Any) -> None:
        """See EventLog."""
        self.events.append({"event": name, "key": key, "at": time.monotonic(), **facts})

    def warning(self, error: Exception) -> None:
        """See EventLog."""
        self.warnings.append(str(error))

    def info(self, line: str) -> None:
        """See EventLog."""

    def about(self, key: str, name: str | None = None) -> list[Event]:
        """The events of one key, in their order."""
        return [e for e in self.events if e["key"] == key and name in (None, e["event"])]

    def names(self) -> list[tuple[str, str]]:
        """(event, key) of all events, sorted."""
        return sorted((event["event"], event["key"]) for event in self.events)

    def wait_for(self, name: str, key: str, count: int = 1, seconds: float = 120) -> Event:
        """The ``count``-th event of this name about this key."""
        wait_until(lambda: len(self.about(key, name)) >= count, seconds)
        return self.about(key, name)[count - 1]


@dataclass(frozen=True)
class Lab:
    """The inbox and outbox of one test; many tests share the fleet."""

    settings: Settings
    bucket_name: str
    intake: Intake
    scratch: Path
    root: str = field(default_factory=lambda: secrets.token_hex(4))
    timings: WatchTimings = field(default_factory=WatchTimings)
    triggers: Sequence[TriggerRow] = TRIGGERS

    @property
    def inbox(self) -> str:
        """The address to watch."""
        return f"s3://{self.bucket_name}/{self.root}/inbox/"

    @property
    def bucket(self) -> Bucket:
        """The bucket of the inbox."""
        return open_bucket(self.bucket_name, self.settings)

    @property
    def store(self) -> ObjectStore:
        """The store of jobs."""
        return open_store(self.settings)

    def drop(self, key: str, data: bytes) -> None:
        """Put an object into the inbox."""
        self.bucket.write(f"{self.root}/inbox/{key}", data, "application/octet-stream")

    def remove(self, key: str) -> None:
        """Remove an object from the inbox."""
        self.bucket.delete(f"{self.root}/inbox/{key}")

    def keys(self, folder: str) -> list[str]:
        """The keys in a folder beside the inbox."""
        prefix, after = f"{self.root}/{folder}/", ""
        keys: list[str] = []
        while True:
            listing = self.bucket.page(prefix, after)
            keys += [each.key.removeprefix(prefix) for each in listing.objects]
            if not listing.truncated:
                return sorted(keys)
            after = listing.objects[-1].key

    def read(self, folder: str, key: str) -> bytes:
        """An object of a folder beside the inbox."""
        return self.bucket.read(f"{self.root}/{folder}/{key}", 1 << 30)[0]

    def status(self, key: str) -> dict[str, Any]:
        """The status file of a document."""
        status: dict[str, Any] = json.loads(self.read("outbox", f"{key}.status.json"))
        return status

    def plan(self, source: str | None = None, to: str | None = None, **options: Any) -> Plan:
        """A plan like that of the command, with a short period."""
        request = options.pop("request", {})
        settings = options.pop("settings", self.settings)
        after = options.get("after", "keep")
        return Plan(
            route=route_of(source or self.inbox, to, after, settings),
            request=Request(settings.model_copy(update={"engine": "fake"}), **request),
            **{"period_s": 0.3, **options},
        )

    def once(self, **options: Any) -> EventRecorder:
        """Watch until everything is delivered."""
        recorder = EventRecorder()
        plan = self.plan(**{"once": True, **options})
        self.watcher(plan, recorder).run()
        return recorder

    @contextmanager
    def watching(self, **options: Any) -> Iterator[EventRecorder]:
        """Run a watcher in a thread while the block runs."""
        recorder = EventRecorder()
        watcher = self.watcher(self.plan(**options), recorder)
        thread = threading.Thread(target=watcher.run, daemon=True)
        thread.start()
        try:
            yield recorder
        finally:
            watcher.stop.set()
            thread.join(30)
            assert not thread.is_alive(), "the watcher does not stop"

    def watcher(self, plan: Plan, recorder: EventRecorder) -> Watcher:
        """A watcher that is not running yet."""
        return Watcher(
            plan,
            Connections(plan.request.settings),
            self.intake,
            self.scratch,
            recorder,
            timings=self.timings,
            triggers=self.triggers,
        )


def start_watch(
    settings: Settings, source: str, *words: str, log: Path, tree: Path | None = None
) -> "subprocess.Popen[bytes]":
    """Start ``pagefleet watch`` as a process that writes stdout and stderr to ``log``.

    It runs the code of ``tree`` instead of the installed code, if there is one.
    """
    parent, variables = os.getpid(), environment(settings)
    if tree is not None:
        variables["PYTHONPATH"] = str(tree)
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(BIN / "pagefleet"), "watch", source, "--json", *words],
            env=variables,
            stdout=output,
            stderr=output,
            preexec_fn=lambda: die_with_parent(parent),
        )


def wait_until_events_arrive(recorder: EventRecorder, drop: Callable[[str], None]) -> None:
    """Drop files that are no documents until an event reports one that no scan could find.

    The first scan may find the first file that is refused. The scan has listed the inbox by
    then, so only an event can report a file that is dropped afterwards.
    """
    for _ in range(2):
        wait_until(lambda: _is_probe_refused(recorder, drop))


def _is_probe_refused(recorder: EventRecorder, drop: Callable[[str], None]) -> bool:
    key = f"{PROBE}{secrets.token_hex(4)}.txt"
    drop(key)
    deadline = time.monotonic() + PROBE_S
    while not recorder.about(key) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(recorder.about(key))


@contextmanager
def requests_counted(settings: Settings) -> Iterator["Counter[str]"]:
    """Count the S3 operations of this process by name while the block runs."""
    counter: Counter[str] = Counter()

    def count(event_name: str, **_: Any) -> None:
        counter[event_name.rpartition(".")[2]] += 1

    events = s3_client.client(s3_client.options_of(settings)).meta.events
    events.register("before-call.s3", count)
    try:
        yield counter
    finally:
        events.unregister("before-call.s3", count)
