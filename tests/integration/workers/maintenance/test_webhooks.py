"""Webhooks: delivered once the job has ended, signed, repeated, and never to the inside."""

import hashlib
import hmac
import json
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from shared.config.settings import Settings
from shared.domain.errors import UsageError
from shared.domain.webhook_url import check_webhook
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.storage.store import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import pagefleet, pdf, processes_of, wait_until, workers
from tests.support.fleets.stored_jobs import ended_job
from tests.support.servers.webhook_receiver import Call, Receiver, dripping_server, receiver
from workers.maintenance.webhooks import WebhookSender
from workers.maintenance.webhooks.address import resolve
from workers.maintenance.webhooks.failures import WebhookFailed, WebhookRefused
from workers.maintenance.webhooks.post import post

SECRET = "a shared secret"


@pytest.fixture
def local(settings: SettingsFactory) -> Settings:
    """Settings that allow the loopback and try again at once."""
    return settings(webhook_allow_private=True, webhook_retry_s=0.05, webhook_secret=SECRET)


def deliver(
    settings: Settings, jobs: JobStore, until: Callable[[], bool], sender: Any = None
) -> None:
    """Look for due webhooks, as the sweeper does, until something has happened."""
    sender = sender or WebhookSender(jobs, settings)

    def look() -> bool:
        sender.look()
        return until()

    wait_until(look, 15)


def signed(call: Call) -> str:
    """The signature that a receiver would compute, by the documented recipe."""
    text = call.headers["X-Pagefleet-Timestamp"].encode() + b"." + call.body
    return "v1=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


def test_a_fleet_calls_again_until_it_is_heard_and_notes_it(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    made = settings(
        redis_url=redis_url,
        engine="fake",
        webhook_allow_private=True,
        webhook_retry_s=0.1,
        webhook_secret=SECRET,
        sweep_interval_s=0.2,
        fake_fail_pages="2",
    )
    source = pdf(tmp_path / "a.pdf", 3)

    with receiver([500, 500, 200]) as server, workers(made, tmp_path / "log"):
        words = ["--wait", "--json", "--label", "batch=7", "--webhook", server.url()]
        (line,) = pagefleet(made, "submit", str(source), *words).lines
        store = open_store(made)
        wait_until(lambda: store.exists(f"jobs/{line['job_id']}/_NOTIFIED"))

    assert [call.path for call in server.calls] == ["/hook?from=pagefleet"] * 3
    assert len({(call.body, call.headers["X-Pagefleet-Delivery"]) for call in server.calls}) == 1
    assert all(call.headers["X-Pagefleet-Signature"] == signed(call) for call in server.calls)
    body = json.loads(server.calls[0].body)
    key = f"jobs/{line['job_id']}/document.md"
    assert body["document"]["markdown"] == {"key": key, "uri": f"{made.store_url}/{key}"}
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


def test_a_pause_noted_by_a_clock_that_was_hours_ahead_holds_nothing_up(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver([500, 200]) as server:
        manifest = ended_job(jobs, webhook=server.url())
        deliver(local, jobs, lambda: jobs.delivery(manifest.job_id) is not None)
        noted = jobs.delivery(manifest.job_id)
        assert noted is not None
        ahead = noted.model_copy(update={"next_try": time.time() + 5 * 3600})
        jobs.record_delivery(manifest.job_id, ahead)

        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    assert len(server.calls) == 2


def test_a_worker_killed_between_delivery_and_its_note_calls_once_more(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    made = settings(redis_url=redis_url, webhook_allow_private=True, sweep_interval_s=0.2)
    jobs = JobStore(open_store(made))

    def kill_the_first(number: int) -> None:
        if number == 1:
            (control,) = (pid for pid in processes_of(made) if b"control" in words_of(pid))
            os.kill(control, signal.SIGKILL)

    with receiver(before_answer=kill_the_first) as server:
        manifest = ended_job(jobs, webhook=server.url())
        with workers(made, tmp_path / "log", "--roles", "sweep"):
            wait_until(lambda: jobs.notified(manifest.job_id) is not None)

    assert len(server.calls) == 2
    assert len({call.headers["X-Pagefleet-Delivery"] for call in server.calls}) == 1


def words_of(pid: int) -> bytes:
    """The command line of a process, or nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "10.1.2.3",
        "192.168.0.1",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "224.0.0.1",
    ],
)
def test_no_address_inside_is_called_without_the_setting(host: str) -> None:
    with pytest.raises(WebhookRefused, match="webhook_allow_private"):
        resolve(f"http://{host}/", allow_private=False)


@pytest.mark.parametrize("host", ["93.184.215.14", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]"])
def test_public_addresses_may_be_called(host: str) -> None:
    assert resolve(f"https://{host}/x?y", allow_private=False).path == "/x?y"


def test_one_private_answer_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [(2, 1, 6, "", ("93.184.215.14", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)

    with pytest.raises(WebhookRefused):
        resolve("http://two-faced.example/", allow_private=False)


def test_a_name_is_resolved_once_and_that_answer_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *rest: Any, **named: Any) -> list[Any]:
        if host != "rebinding.example":
            return real(host, port, *rest, **named)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "192.0.2.1", port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiver() as server:
        post(resolve(server.url("rebinding.example"), allow_private=True), b"{}", {}, 5)

    assert asked == ["rebinding.example"]
    assert server.calls[0].headers["Host"] == f"rebinding.example:{server.port}"


def test_a_refused_address_gets_no_call_and_the_refusal_is_recorded(
    settings: SettingsFactory,
) -> None:
    made = settings()
    jobs = JobStore(open_store(made))
    with receiver() as server:
        manifest = ended_job(jobs, webhook=server.url())

        deliver(made, jobs, lambda: not list(jobs.store.list("notify/")))

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
    made = settings(webhook_allow_private=True, webhook_retry_s=0.02, webhook_max_tries=3)
    jobs = JobStore(open_store(made))
    with receiver([status]) as server:
        manifest = ended_job(jobs, webhook=server.url())

        deliver(made, jobs, lambda: not list(jobs.store.list("notify/")))

    assert len(server.calls) == tries
    delivery = jobs.delivery(manifest.job_id)
    assert delivery is not None
    assert (delivery.state, delivery.tries) == ("gave_up", tries)
    assert str(status) in str(delivery.last_error)


def test_a_restarted_sender_goes_on_counting(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver([500, 200]) as server:
        manifest = ended_job(jobs, webhook=server.url())
        deliver(local, jobs, lambda: jobs.delivery(manifest.job_id) is not None)

        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    record = json.loads(jobs.store.get(f"jobs/{manifest.job_id}/_NOTIFIED"))
    assert (record["state"], record["tries"], len(server.calls)) == ("delivered", 2, 2)


def test_a_receiver_that_drips_bytes_is_cut_off_in_time() -> None:
    with dripping_server() as port:
        target = resolve(f"http://127.0.0.1:{port}/", allow_private=True)
        started = time.monotonic()

        with pytest.raises(WebhookFailed, match="longer than"):
            post(target, b"{}", {}, 0.5)

    assert time.monotonic() - started < 3


def test_a_hanging_receiver_holds_up_neither_the_sweeper_nor_other_receivers(
    local: Settings,
) -> None:
    jobs, hang = JobStore(open_store(local)), threading.Event()
    with receiver(before_answer=lambda _: (hang.wait(20), None)[1]) as slow, receiver() as quick:
        for number in range(5):
            ended_job(jobs, webhook=slow.url("127.0.0.2"), sha256=str(number) * 64)
        other = ended_job(jobs, webhook=quick.url(), sha256="f" * 64)
        sender = WebhookSender(jobs, local)
        started = time.monotonic()

        sender.look()

        assert time.monotonic() - started < 2
        deliver(local, jobs, lambda: jobs.notified(other.job_id) is not None, sender)
        assert len(slow.calls) <= 2
        hang.set()


def test_a_retried_job_is_told_again_when_it_ends_again(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver() as server:
        manifest = ended_job(jobs, [{"status": "failed", "markdown": ""}], webhook=server.url())
        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)

        jobs.reopen(manifest, [1])
        assert not jobs.notified(manifest.job_id)
        ended_job(jobs, webhook=server.url())
        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    assert [json.loads(call.body)["status"] for call in server.calls] == ["failed", "ok"]


def test_a_note_that_comes_late_from_before_a_retry_silences_nobody(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver() as server:
        manifest = ended_job(jobs, [{"status": "failed", "markdown": ""}], webhook=server.url())
        deliver(local, jobs, lambda: jobs.notified(manifest.job_id) is not None)
        note = jobs.notified(manifest.job_id)
        assert note is not None

        jobs.reopen(manifest, [1])
        jobs.mark_notified(manifest.job_id, note)
        ended_job(jobs, webhook=server.url())
        deliver(local, jobs, lambda: len(server.calls) == 2)

    assert [json.loads(call.body)["status"] for call in server.calls] == ["failed", "ok"]


def test_a_job_purged_while_its_receiver_is_called_leaves_nothing(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    sender = WebhookSender(jobs, local)
    with receiver([500], before_answer=lambda _: purge(jobs, manifest.job_id)) as server:
        manifest = ended_job(jobs, webhook=server.url())
        # The sender notes the failed try after the purge, and takes the note back.
        deliver(local, jobs, lambda: bool(server.calls) and not sender._busy, sender)

    assert list(jobs.store.list("")) == []


def test_without_a_secret_nothing_pretends_to_be_signed(settings: SettingsFactory) -> None:
    made = settings(webhook_allow_private=True)
    jobs = JobStore(open_store(made))
    with receiver() as server:
        manifest = ended_job(jobs, webhook=server.url())
        deliver(made, jobs, lambda: jobs.notified(manifest.job_id) is not None)

    assert "X-Pagefleet-Signature" not in server.calls[0].headers


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of these tests."""
    return trustme.CA()


def server_tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """The TLS of a server whose certificate names ``name``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trust(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``authority`` one that this machine trusts."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def secure_call(server: Receiver) -> None:
    """One call to the server by the name localhost."""
    post(resolve(server.url("localhost", "https"), allow_private=True), b"{}", {}, 5)


def test_https_is_verified_by_name_though_an_address_is_called(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, tmp_path, monkeypatch)
    with receiver(tls=server_tls(authority, "localhost")) as server:
        secure_call(server)

    assert len(server.calls) == 1


def test_a_certificate_of_another_name_is_refused(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(authority, tmp_path, monkeypatch)
    with (
        receiver(tls=server_tls(authority, "other.example")) as server,
        pytest.raises(WebhookFailed, match="doesn't match"),
    ):
        secure_call(server)

    assert server.calls == []


def test_a_certificate_that_nobody_vouches_for_is_refused(authority: trustme.CA) -> None:
    with (
        receiver(tls=server_tls(authority, "localhost")) as server,
        pytest.raises(WebhookFailed, match="certificate"),
    ):
        secure_call(server)

    assert server.calls == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/",
        "file:///etc/passwd",
        "http://",
        "//host/",
        "https://user:password@host/",
        "http://host/a b",
        "http://host/\r\nX-Evil: 1",
        "http://host:99999/",
        "http://[::1/",
        "https://host/" + "x" * 3000,
    ],
)
def test_addresses_that_are_no_webhooks_are_refused_when_submitted(url: str) -> None:
    with pytest.raises(UsageError):
        check_webhook(url)
