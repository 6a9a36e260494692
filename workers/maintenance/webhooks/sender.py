"""Finds ended jobs whose webhook is due and sends it, beside the sweeper and never in its way.

All that is known of a delivery lies in the store: a marker while it is due, a record of its
tries, and ``_NOTIFIED``. So it goes on after a restart; a crash between delivery and
``_NOTIFIED`` sends it once more, with the same delivery id.
"""

import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from urllib.parse import urlsplit

from shared.config.settings import Settings
from shared.domain import object_keys
from shared.domain.errors import PagefleetError, TransientError
from shared.domain.records import Delivery, Manifest
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge_rest
from workers.maintenance.webhooks.address import resolve
from workers.maintenance.webhooks.failures import Undelivered, Unwanted
from workers.maintenance.webhooks.message import delivery_id, headers, message
from workers.maintenance.webhooks.post import post
from workers.observability import control_metrics

log = logging.getLogger("pagefleet.webhook")
SENDERS = 8
#: Calls to one host at a time, so that a slow one leaves room for others.
PER_HOST = 2
MARKERS_PER_ROUND = 1000
LONGEST_WAIT_S = 3600.0
#: Seconds by which a pause may seem longer than pauses are before a clock is to blame.
CLOCK_SLACK_S = 5.0
#: A marker is written just before its job ends.
NOT_ENDED_WAIT_S = 2.0


class WebhookSender:
    """One per control process; ``look`` is called while the sweeper's lock is held."""

    def __init__(self, jobs: JobStore, settings: Settings) -> None:
        secret = settings.webhook_secret
        self._jobs = jobs
        self._secret = secret.get_secret_value() if secret else None
        self._settings = settings
        self._threads = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook")
        #: Jobs that a thread is at, and their receivers; only ``look`` adds to it.
        self._busy: dict[str, str] = {}
        self._hosts: dict[str, str] = {}
        #: When a job is worth another look, by the monotonic clock.
        self._not_before: dict[str, float] = {}
        self._after = ""

    def look(self) -> None:
        """Start what is due, as far as there is room; waits for no receiver."""
        for job_id in self._due():
            if len(self._busy) >= SENDERS:
                return
            if job_id not in self._busy and self._has_room(self._host(job_id)):
                self._busy[job_id] = self._host(job_id)
                self._threads.submit(self._guarded, job_id)

    def _due(self) -> list[str]:
        now = time.monotonic()
        return [job for job in self._markers() if self._not_before.get(job, 0.0) <= now]

    def _markers(self) -> list[str]:
        listed = self._jobs.store.list(
            object_keys.NOTIFY, start_after=self._after, limit=MARKERS_PER_ROUND
        )
        found = list(islice(listed, MARKERS_PER_ROUND))
        self._after = found[-1] if len(found) == MARKERS_PER_ROUND else ""
        return [
            name
            for key in found
            if object_keys.is_job_id(name := key.removeprefix(object_keys.NOTIFY))
        ]

    def _has_room(self, host: str) -> bool:
        return not host or Counter(list(self._busy.values()))[host] < PER_HOST

    def _host(self, job_id: str) -> str:
        """The receiver's name, looked up once per job; "" where there is none."""
        if job_id not in self._hosts:
            manifest = self._jobs.manifest(job_id)
            self._hosts[job_id] = _host_of(manifest.webhook) if manifest else ""
        return self._hosts[job_id]

    def _guarded(self, job_id: str) -> None:
        try:
            self._handle(job_id)
        except TransientError as error:
            log.warning("webhook of %s: %s", job_id, error.message)
        except PagefleetError as error:
            log.error("webhook of %s: %s", job_id, error.message)
        except Exception:  # the edge of the thread: nobody waits for its result
            log.exception("webhook of %s failed", job_id)
        finally:
            self._busy.pop(job_id, None)

    def _handle(self, job_id: str) -> None:
        manifest = self._jobs.manifest(job_id)
        if manifest is None or manifest.webhook is None:
            self._forget(job_id)
            return
        done = self._jobs.done(job_id)
        if done is None:
            self._wait(job_id, NOT_ENDED_WAIT_S)
            return
        body = message(manifest, done, self._jobs.store.url)
        delivery = self._delivery(job_id, delivery_id(body))
        wait = self._wait_of(delivery)
        if delivery.state != "pending":
            self._forget(job_id)
        elif wait > 0:
            self._wait(job_id, wait)
        else:
            self._try(manifest, manifest.webhook, body, delivery)

    def _delivery(self, job_id: str, wanted: str) -> Delivery:
        """How this message stands; notes of a message before a retry don't count."""
        for known in (self._jobs.notified(job_id), self._jobs.delivery(job_id)):
            if known is not None and known.message == wanted:
                return known
        return Delivery(message=wanted)

    def _try(self, manifest: Manifest, url: str, body: bytes, delivery: Delivery) -> None:
        job_id = manifest.job_id
        counted = delivery.model_copy(update={"tries": delivery.tries + 1})
        try:
            target = resolve(url, self._settings.webhook_allow_private)
            signed = headers(body, self._secret, time.time())
            post(target, body, signed, self._settings.webhook_timeout_s)
        except Undelivered as error:
            self._failed(job_id, counted, error)
        else:
            delivered = {"state": "delivered", "next_try": 0.0, "last_error": None}
            self._jobs.mark_notified(job_id, counted.model_copy(update=delivered))
            control_metrics.WEBHOOK_TRIES.labels("delivered").inc()
            self._forget(job_id)
            log.info("webhook of %s delivered (try %d)", job_id, counted.tries)
        if self._jobs.manifest(job_id) is None:
            purge_rest(self._jobs, job_id)  # it was purged while we called

    def _failed(self, job_id: str, counted: Delivery, error: Undelivered) -> None:
        tries = counted.tries
        over = isinstance(error, Unwanted) or tries >= self._settings.webhook_max_tries
        wait = self._pause_after(tries)
        failed = {
            "state": "gave_up" if over else "pending",
            "next_try": 0.0 if over else round(time.time() + wait, 3),
            "last_error": error.message,
        }
        self._jobs.record_delivery(job_id, counted.model_copy(update=failed))
        log.warning("webhook of %s, try %d: %s", job_id, tries, error.message)
        if over:
            log.error("webhook of %s is given up after %d tries", job_id, tries)
            self._forget(job_id)
        else:
            self._wait(job_id, wait)

    def _wait_of(self, delivery: Delivery) -> float:
        """Seconds until the next try; due at once where a clock was set since it was noted."""
        wait = delivery.next_try - time.time()
        return wait if wait <= self._pause_after(delivery.tries) + CLOCK_SLACK_S else 0.0

    def _pause_after(self, tries: int) -> float:
        doubled = self._settings.webhook_retry_s * 2 ** min(max(0, tries - 1), 30)
        return float(min(LONGEST_WAIT_S, doubled))

    def _wait(self, job_id: str, seconds: float) -> None:
        self._not_before[job_id] = time.monotonic() + seconds

    def _forget(self, job_id: str) -> None:
        self._jobs.unmark_notify(job_id)
        self._not_before.pop(job_id, None)
        self._hosts.pop(job_id, None)


def _host_of(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""
