"""Sends the webhooks of ended jobs in threads, so that the sweeper does not wait for receivers.

A job has one delivery for its own webhook and one for each later submission. Here the id of a job
may be followed by the submission's digest, as in the names of the markers.

The state of a delivery is in the store: a marker while it is due, a record of its tries, and
``_NOTIFIED``. So deliveries continue after a restart. A crash between delivery and
``_NOTIFIED`` sends the webhook once more, with the same delivery id.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from urllib.parse import urlsplit

from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.errors import DocumentError, PagefleetError, TransientError
from shared.domain.records.job import Delivery
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge_rest
from shared.jobs.webhook_deliveries import WebhookDeliveries
from workers.maintenance.own_jobs import OwnJobs
from workers.maintenance.webhooks.address import resolve
from workers.maintenance.webhooks.failures import WebhookFailed, WebhookRefused
from workers.maintenance.webhooks.message import delivery_id, headers, message
from workers.maintenance.webhooks.post import post
from workers.maintenance.webhooks.receivers import Receivers
from workers.observability import control_metrics

log = logging.getLogger("pagefleet.webhook")
THREADS = 32
MARKERS_PER_ROUND = 1000
MAX_PAUSE_S = 3600.0
#: A stored pause that exceeds the longest one by more than this means that a clock was set.
CLOCK_SLACK_S = 5.0
#: Pause before the next look at a job that has not ended: its marker is written just before.
NOT_ENDED_PAUSE_S = 2.0
#: Pause before the next look at a job whose records can't be read.
UNREADABLE_PAUSE_S = 600.0


class WebhookSender:
    """One per control process; ``start_due`` runs in the sweeper's round, under its lock."""

    def __init__(self, jobs: JobStore, settings: Settings, own: OwnJobs | None = None) -> None:
        secret = settings.webhook_secret
        self._jobs = jobs
        self._own = own or OwnJobs(jobs)
        self._deliveries = WebhookDeliveries(jobs)
        self._secret = secret.get_secret_value() if secret else None
        self._settings = settings
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook")
        #: Jobs that a thread works on, and their receivers; only ``start_due`` adds to it.
        self._busy: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        #: When a job is looked at again, by the monotonic clock.
        self._not_before: dict[str, float] = {}
        self._after = ""
        self._receivers = Receivers()

    def start_due(self) -> None:
        """Start the due webhooks that free threads can take, without waiting for receivers."""
        for job_id in self._due():
            if len(self._busy) >= THREADS:
                return
            host = self._host(job_id)
            if job_id not in self._busy and self._receivers.has_room(host, self._busy.values()):
                self._busy[job_id] = host
                self._threads.submit(self._run, job_id)

    def _due(self) -> list[str]:
        now = time.monotonic()
        due = [job for job in self._markers() if self._not_before.get(job, 0.0) <= now]
        return [job for job in due if self._own.has_ended(object_keys.parse_notify_name(job)[0])]

    def _markers(self) -> list[str]:
        listed = self._jobs.store.list(
            object_keys.NOTIFY, start_after=self._after, limit=MARKERS_PER_ROUND
        )
        keys = list(islice(listed, MARKERS_PER_ROUND))
        self._after = keys[-1] if len(keys) == MARKERS_PER_ROUND else ""
        return [
            name
            for key in keys
            if object_keys.is_notify_name(name := key.removeprefix(object_keys.NOTIFY))
        ]

    def _host(self, job_id: str) -> str:
        """The receiver's host, read once per job; "" without a webhook that can be read."""
        if job_id not in self._hosts:
            self._hosts[job_id] = _host_of(self._webhook(job_id))
        return self._hosts[job_id]

    def _webhook(self, job_id: str) -> str | None:
        try:
            manifest = self._deliveries.manifest(job_id)
        except DocumentError:
            return None  # the thread reports it; other jobs are still called
        return manifest.webhook if manifest else None

    def _run(self, job_id: str) -> None:
        try:
            self._handle(job_id)
        except TransientError as error:
            log.warning("webhook of %s waits: %s", job_id, error.message)
        except PagefleetError as error:
            log.error("webhook of %s can't be prepared: %s", job_id, error.message)
            self._postpone(job_id, UNREADABLE_PAUSE_S)
        except Exception:  # the thread's result is never read, so log here
            log.exception("webhook of %s failed", job_id)
        finally:
            self._busy.pop(job_id, None)

    def _handle(self, job_id: str) -> None:
        manifest = self._deliveries.manifest(job_id)
        if manifest is None or manifest.webhook is None:
            self._forget(job_id)
            return
        done = self._jobs.done(manifest.job_id)
        if done is None:
            self._postpone(job_id, NOT_ENDED_PAUSE_S)
            return
        body = message(manifest, done, self._jobs.store.url)
        delivery = self._deliveries.state(job_id, delivery_id(body))
        pause_s = self._pause_s(delivery)
        if delivery.state != "pending":
            self._forget(job_id)
        elif pause_s > 0:
            self._postpone(job_id, pause_s)
        else:
            self._try(job_id, manifest.webhook, body, delivery)
            if self._jobs.manifest(manifest.job_id) is None:
                purge_rest(self._jobs, manifest.job_id)  # it was purged during the call

    def _try(self, job_id: str, url: str, body: bytes, delivery: Delivery) -> None:
        counted = delivery.model_copy(update={"tries": delivery.tries + 1})
        try:
            self._call(url, body)
        except WebhookFailed as error:
            self._failed(job_id, counted, error)
        else:
            delivered = {"state": "delivered", "next_try": 0.0, "last_error": None}
            self._deliveries.mark_delivered(job_id, counted.model_copy(update=delivered))
            control_metrics.WEBHOOK_TRIES.labels("delivered").inc()
            self._forget(job_id)
            log.info("webhook of %s delivered (try %d)", job_id, counted.tries)

    def _call(self, url: str, body: bytes) -> None:
        """One call; the time limit includes the look-up of the name."""
        started, timeout_s = time.monotonic(), self._settings.webhook_timeout_s
        host = _host_of(url)
        try:
            target = resolve(url, self._settings.webhook_allow_private, timeout_s)
            post(target, body, headers(body, self._secret, time.time(), url), timeout_s, started)
        except WebhookFailed:
            self._receivers.failed(host)
            raise
        self._receivers.answered(host)

    def _failed(self, job_id: str, counted: Delivery, error: WebhookFailed) -> None:
        tries = counted.tries
        is_last = isinstance(error, WebhookRefused) or tries >= self._settings.webhook_max_tries
        pause_s = self._pause_after(tries)
        failed = {
            "state": "gave_up" if is_last else "pending",
            "next_try": 0.0 if is_last else round(time.time() + pause_s, 3),
            "last_error": error.message,
        }
        self._deliveries.record(job_id, counted.model_copy(update=failed))
        log.warning("webhook of %s, try %d: %s", job_id, tries, error.message)
        if is_last:
            log.error("webhook of %s failed for the last time, after %d tries", job_id, tries)
            self._forget(job_id)
        else:
            self._postpone(job_id, pause_s)

    def _pause_s(self, delivery: Delivery) -> float:
        """Seconds until the next try; 0 if a clock was set since the time was stored."""
        pause_s = delivery.next_try - time.time()
        return pause_s if pause_s <= self._pause_after(delivery.tries) + CLOCK_SLACK_S else 0.0

    def _pause_after(self, tries: int) -> float:
        doubled = self._settings.webhook_retry_s * 2 ** min(max(0, tries - 1), 30)
        return float(min(MAX_PAUSE_S, doubled))

    def _postpone(self, job_id: str, seconds: float) -> None:
        self._not_before[job_id] = time.monotonic() + seconds

    def _forget(self, job_id: str) -> None:
        self._deliveries.unmark(job_id)
        self._not_before.pop(job_id, None)
        self._hosts.pop(job_id, None)


def _host_of(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""
