"""Webhooks are delivered after the end of a job: signed, and retried a bounded number of times."""

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.config.settings import Settings
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, pdf, processes_of, wait_until, workers
from tests.support.fleets.stored_jobs import ended_job
from tests.support.servers.webhook_receiver import Call, receiver
from workers.maintenance.webhooks import WebhookSender
from workers.maintenance.webhooks.receivers import FAILING_CALLS

SECRET = "a shared secret"


@pytest.fixture
def local(settings: SettingsFactory) -> Settings:
    """Settings that allow the loopback and retry at once."""
    return settings(webhook_allow_private=True, webhook_retry_s=0.05, webhook_secret=SECRET)


def deliver(
    settings: Settings, jobs: JobStore, until: Callable[[], bool], sender: Any = None
) -> None:
    """Look for due webhooks, as the sweeper does, until a condition holds."""
    sender = sender or WebhookSender(jobs, settings)

    def look() -> bool:
        sender.start_due()
        return until()

    wait_until(look, 15)


def signed(call: Call) -> str:
    """The signature that a receiver computes by the documentation."""
    text = call.headers["X-Pagefleet-Timestamp"].encode() + b"." + call.body
    return "v1=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def test_a_fleet_calls_again_until_it_succeeds_and_records_the_delivery(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(
        redis_url=redis_url,
        engine="fake",
        webhook_allow_private=True,
        webhook_retry_s=0.1,
        webhook_secret=SECRET,
        sweep_interval_s=0.2,
        fake_fail_pages="2",
    )
    source = pdf(tmp_path / "a.pdf", 3)

    with receiver([500, 500, 200]) as server, workers(config, tmp_path / "log"):
        words = ["--wait", "--json", "--label", "batch=7", "--webhook", server.url()]
        (line,) = in_process(config, "submit", str(source), *words).lines
        store = open_store(config)
        # The marker exists since before ``_DONE``, and is removed after ``_NOTIFIED`` was written.
        wait_until(lambda: not list(store.list("notify/")))

    assert [call.path for call in server.calls] == ["/hook?from=pagefleet"] * 3
    assert len({(call.body, call.headers["X-Pagefleet-Delivery"]) for call in server.calls}) == 1
    assert all(call.headers["X-Pagefleet-Signature"] == signed(call) for call in server.calls)
    body = json.loads(server.calls[0].body)
    key = f"jobs/{line['job_id']}/document.md"
    assert body["document"]["markdown"] == {"key": key, "uri": f"{config.store_url}/{key}"}
    assert store.exists(body["document"]["json"]["key"])
    del body["document"]
    assert body == {
        "schema": 1,
        "job_id": line["job_id"],
        "status": "partial",
        "counts": {"ok": 2, "blank": 0, "failed": 1},
        "pages": 3,
        "name": "a.pdf",
        "labels": {"batch": "7"},
    }
    assert json.loads(store.get(f"jobs/{line['job_id']}/_NOTIFIED"))["tries"] == 3
    assert list(store.list("notify/")) == []


def test_a_pause_stored_by_a_clock_that_was_hours_ahead_delays_nothing(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver([500, 200]) as server:
        manifest = ended_job(jobs, webhook=server.url())
        deliver(local, jobs, lambda: jobs.delivery(manifest.job_id) is not None)
        stored = jobs.delivery(manifest.job_id)
        assert stored is not None
        ahead = stored.model_copy(update={"next_try": time.time() + 5 * 3600})
        jobs.record_delivery(manifest.job_id, ahead)

        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    assert len(server.calls) == 2


def test_a_worker_killed_between_delivery_and_its_record_calls_once_more(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(redis_url=redis_url, webhook_allow_private=True, sweep_interval_s=0.2)
    jobs = JobStore(open_store(config))

    def kill_the_first(number: int) -> None:
        if number == 1:
            (control,) = (pid for pid in processes_of(config) if b"control" in words_of(pid))
            os.kill(control, signal.SIGKILL)

    with receiver(before_answer=kill_the_first) as server:
        manifest = ended_job(jobs, webhook=server.url())
        with workers(config, tmp_path / "log", "--roles", "sweep"):
            wait_until(lambda: jobs.notified(manifest.job_id) is not None)

    assert len(server.calls) == 2
    assert len({call.headers["X-Pagefleet-Delivery"] for call in server.calls}) == 1


def words_of(pid: int) -> bytes:
    """The command line of a process, or nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_refused_address_gets_no_call_and_the_refusal_is_recorded(
    settings: SettingsFactory,
) -> None:
    config = settings()
    jobs = JobStore(open_store(config))
    with receiver() as server:
        manifest = ended_job(jobs, webhook=server.url())

        deliver(config, jobs, lambda: not list(jobs.store.list("notify/")))

    record = json.loads(jobs.store.get(f"jobs/{manifest.job_id}/webhook.json"))
    assert (record["state"], record["tries"]) == ("gave_up", 1)
    assert "127.0.0.1" in record["last_error"]
    assert server.calls == []
    assert not jobs.notified(manifest.job_id)


def test_redirects_are_not_followed(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver() as inside, receiver([302], location=inside.url()) as outside:
        manifest = ended_job(jobs, webhook=outside.url())

        deliver(local, jobs, lambda: len(outside.calls) >= 2)

    assert inside.calls == []
    assert "redirects are not followed" in str(last_error(jobs, manifest.job_id))


def last_error(jobs: JobStore, job_id: str) -> str | None:
    """The recorded reason of the last failed try."""
    delivery = jobs.delivery(job_id)
    return delivery.last_error if delivery else None


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (404, 3), (410, 1)])
def test_the_number_of_tries_is_bounded_and_recorded(
    settings: SettingsFactory, status: int, tries: int
) -> None:
    config = settings(webhook_allow_private=True, webhook_retry_s=0.02, webhook_max_tries=3)
    jobs = JobStore(open_store(config))
    with receiver([status]) as server:
        manifest = ended_job(jobs, webhook=server.url())

        deliver(config, jobs, lambda: not list(jobs.store.list("notify/")))

    assert len(server.calls) == tries
    delivery = jobs.delivery(manifest.job_id)
    assert delivery is not None
    assert (delivery.state, delivery.tries) == ("gave_up", tries)
    assert str(status) in str(delivery.last_error)


def test_a_restarted_sender_continues_the_count_of_tries(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver([500, 200]) as server:
        manifest = ended_job(jobs, webhook=server.url())
        deliver(local, jobs, lambda: jobs.delivery(manifest.job_id) is not None)

        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    record = json.loads(jobs.store.get(f"jobs/{manifest.job_id}/_NOTIFIED"))
    assert (record["state"], record["tries"], len(server.calls)) == ("delivered", 2, 2)


def test_a_hanging_receiver_delays_neither_the_sweeper_nor_other_receivers(
    local: Settings,
) -> None:
    jobs, hang = JobStore(open_store(local)), threading.Event()
    with receiver(before_answer=lambda _: (hang.wait(20), None)[1]) as slow, receiver() as quick:
        for number in range(5):
            ended_job(jobs, webhook=slow.url("127.0.0.2"), sha256=str(number) * 64)
        other = ended_job(jobs, webhook=quick.url(), sha256="f" * 64)
        sender = WebhookSender(jobs, local)
        started = time.monotonic()

        sender.start_due()

        assert time.monotonic() - started < 2
        deliver(local, jobs, lambda: jobs.notified(other.job_id) is not None, sender)
        assert len(slow.calls) <= 2
        hang.set()


def test_a_retried_job_is_delivered_again_when_it_ends_again(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver() as server:
        manifest = ended_job(jobs, [{"status": "failed", "markdown": ""}], webhook=server.url())
        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)

        jobs.reopen(manifest, [1])
        assert not jobs.notified(manifest.job_id)
        ended_job(jobs, webhook=server.url())
        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    assert [json.loads(call.body)["status"] for call in server.calls] == ["failed", "ok"]


def test_a_late_record_from_before_a_retry_suppresses_no_delivery(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver() as server:
        manifest = ended_job(jobs, [{"status": "failed", "markdown": ""}], webhook=server.url())
        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)
        record = jobs.notified(manifest.job_id)
        assert record is not None

        jobs.reopen(manifest, [1])
        jobs.mark_notified(manifest.job_id, record)
        ended_job(jobs, webhook=server.url())
        deliver(local, jobs, lambda: len(server.calls) == 2)

    assert [json.loads(call.body)["status"] for call in server.calls] == ["failed", "ok"]


def test_a_job_purged_during_the_call_leaves_nothing(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    sender = WebhookSender(jobs, local)
    with receiver([500], before_answer=lambda _: purge(jobs, manifest.job_id)) as server:
        manifest = ended_job(jobs, webhook=server.url())
        # The sender records the failed try after the purge, and then removes the record.
        deliver(local, jobs, lambda: bool(server.calls) and not sender._busy, sender)

    assert list(jobs.store.list("")) == []


def test_without_a_secret_there_is_no_signature(settings: SettingsFactory) -> None:
    config = settings(webhook_allow_private=True)
    jobs = JobStore(open_store(config))
    with receiver() as server:
        manifest = ended_job(jobs, webhook=server.url())
        deliver(config, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    assert "X-Pagefleet-Signature" not in server.calls[0].headers


@pytest.mark.parametrize("secret", [SECRET, "whsec_" + base64.b64encode(b"key " * 8).decode()])
def test_a_call_has_the_headers_of_standard_webhooks(
    settings: SettingsFactory, secret: str
) -> None:
    config = settings(webhook_allow_private=True, webhook_secret=secret)
    jobs = JobStore(open_store(config))
    with receiver() as server:
        manifest = ended_job(jobs, webhook=server.url())
        deliver(config, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    (call,) = server.calls
    names = ("webhook-id", "webhook-timestamp")
    message_id, timestamp = (call.headers[name] for name in names)
    key = b"key " * 8 if secret.startswith("whsec_") else secret.encode()
    text = f"{message_id}.{timestamp}.".encode() + call.body
    digest = hmac.new(key, text, hashlib.sha256).digest()
    assert call.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    receiver_digest = hashlib.sha256(server.url().encode()).hexdigest()[:16]
    assert message_id == f"msg_{call.headers['X-Pagefleet-Delivery']}_{receiver_digest}"


def test_many_dead_receivers_do_not_delay_a_living_one(settings: SettingsFactory) -> None:
    config = settings(webhook_allow_private=True, webhook_timeout_s=4)
    jobs = JobStore(open_store(config))
    with socket.create_server(("0.0.0.0", 0)) as silent, receiver() as quick:
        sender = WebhookSender(jobs, config)
        port = silent.getsockname()[1]
        for number in range(40):
            host = f"127.0.1.{number + 1}"
            sender._receivers.failed(host)
            ended_job(jobs, webhook=f"http://{host}:{port}/", sha256=f"{number:02d}" * 32)
        other = ended_job(jobs, webhook=quick.url(), sha256="f" * 64)
        started = time.monotonic()

        deliver(config, jobs, lambda: jobs.notified(other.job_id) is not None, sender)

        assert time.monotonic() - started < 3
        dead = [host for host in sender._busy.values() if host.startswith("127.0.1.")]
        assert len(dead) <= FAILING_CALLS


@pytest.mark.parametrize("record", [b"{", b'{"schema": 2}', b"[" * 100_000])
def test_a_job_whose_manifest_is_damaged_delays_no_other_webhook(
    local: Settings, record: bytes
) -> None:
    jobs = JobStore(open_store(local))
    damaged = f"{'0' * 32}-{'0' * 16}"  # the first in every list
    jobs.store.put(f"jobs/{damaged}/job.json", record)
    jobs.store.put(f"notify/{damaged}", b"{}\n")
    with receiver() as server:
        ended_job(jobs, webhook=server.url())

        deliver(local, jobs, lambda: len(server.calls) == 1)
