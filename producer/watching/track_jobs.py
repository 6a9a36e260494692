"""Waits for the end of recorded jobs, tells how far they are, and delivers what came out."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from producer.delivery import outcome
from producer.delivery.export import FinishedJob, export
from producer.status.follow import Follower
from producer.status.job_facts import JobFacts, job_facts
from producer.watching.finalize import Ending
from producer.watching.open_claims import Item
from producer.watching.places.place import UnusableName
from producer.watching.status_file import SUFFIX, of_job
from producer.watching.watch_context import Parts
from shared.domain.errors import NotFound, PagefleetError, TransientError
from shared.domain.records import Done, Manifest

TICK_S = 0.1
DELIVERERS = 4
#: A status file is written at most so often.
STATUS_S = 3.0
RETRY_S = 2.0


class Deliverer:
    """One thread that looks at jobs, and a few that write."""

    def __init__(self, parts: Parts, ending: Ending, stop: threading.Event) -> None:
        self._parts = parts
        self._ending = ending
        self._stop = stop
        self._follower = Follower(parts.jobs, parts.dispatch_state)

    def run(self) -> None:
        """Until the watcher stops; what is not delivered by then is adopted by the next one."""
        with ThreadPoolExecutor(DELIVERERS, thread_name_prefix="deliver") as pool:
            while not self._stop.wait(TICK_S):
                try:
                    for item in self._parts.table.due():
                        self._look_patiently(item, pool)
                except TransientError as error:
                    self._parts.journal.trouble(error)
                    self._stop.wait(RETRY_S)

    def _look_patiently(self, item: Item, pool: ThreadPoolExecutor) -> None:
        try:
            self._look(item, pool)
        except UnusableName as error:
            item.told_at = float("inf")
            self._parts.journal.trouble(error)
        except TransientError:
            raise
        except PagefleetError as error:  # one job must not hold up the others
            self._parts.journal.trouble(error)

    def _look(self, item: Item, pool: ThreadPoolExecutor) -> None:
        job_id = item.claim.job_id or ""
        progress = self._follower.progress(job_id)
        done = self._follower.ended(job_id, progress)
        if done is None:
            self._tell(item)
        elif self._parts.table.start_ending(item):
            pool.submit(self._end, item, done)

    def _end(self, item: Item, done: Done) -> None:
        try:
            self._deliver(item, done)
        except Exception as error:  # the edge of a thread: nothing may be lost in silence
            self._parts.journal.trouble(error)
            self._parts.table.put_back(item, RETRY_S)

    def _deliver(self, item: Item, done: Done) -> None:
        parts, key, manifest = self._parts, item.claim.key, item.manifest
        assert manifest is not None
        if self._was_replaced(item):
            self._ending.abandoned(item, "a newer version has its place")
            return
        try:
            if done.counts.ok + done.counts.blank:
                render = parts.options.render(key)
                export(FinishedJob(parts.jobs, manifest, render), parts.outbox, key)
            self._tell_end(item, manifest, done)
        except UnusableName as error:
            self._ending.refused(item, error)
            return
        self._ending.converted(item, done.status)
        parts.journal.event("delivered", key, job_id=manifest.job_id, status=done.status)

    def _was_replaced(self, item: Item) -> bool:
        parts = self._parts
        now = parts.inbox.look(item.claim.key)
        if now is None or now == item.found:
            item.found = now
            return False
        try:
            if parts.inbox.version(now) != item.claim.version:
                return True
        except NotFound:
            return True
        item.found = now  # merely touched
        return False

    def _tell(self, item: Item) -> None:
        """Write how far the job is, where that is news."""
        now = time.monotonic()
        if item.manifest is None or now - item.told_at < STATUS_S:
            return
        if self._parts.jobs.manifest(item.manifest.job_id) is None:
            self._parts.table.end(item)  # purged: adopted again, as a new job
            return
        facts = job_facts(item.manifest, self._parts.jobs, self._parts.dispatch_state)
        self._write(item, of_job(self._source(item), facts))
        item.told_at = now

    def _tell_end(self, item: Item, manifest: Manifest, done: Done) -> None:
        """Say what went wrong, or nothing where all went well."""
        if done.status == "ok":
            self._parts.outbox.delete(item.claim.key + SUFFIX)
            return
        source = self._source(item)
        error = outcome.ended(source, manifest, done, None, self._parts.jobs).error
        pages = done.counts.total
        facts = JobFacts(manifest, done.status, pages, pages, done.counts)
        self._write(item, of_job(source, facts, error))

    def _write(self, item: Item, status: bytes) -> None:
        if status != item.told:
            self._parts.outbox.write(item.claim.key + SUFFIX, status)
            item.told = status

    def _source(self, item: Item) -> str:
        return self._parts.inbox.url + item.claim.key
