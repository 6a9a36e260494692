"""Which receivers a webhook may call, and that the call stays with the checked address."""

import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import trustme

from shared.domain.errors import UsageError
from shared.domain.webhooks.url import check_webhook
from tests.support.servers.webhook_receiver import Receiver, dripping_server, receiver
from workers.maintenance.webhooks.address import resolve
from workers.maintenance.webhooks.failures import WebhookFailed, WebhookRefused
from workers.maintenance.webhooks.post import post


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
        "192.0.0.192",
        "192.0.0.9",
        "198.18.0.1",
        "255.255.255.255",
        "[fec0::1]",
        "[::127.0.0.1]",
        "[::a00:1]",
        "[64:ff9b:1::7f00:1]",
        "[64:ff9b:1::808:808]",
        "[100::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2002:5db8:d70e::]",
        "[3fff::1]",
        "[5f00::1]",
        "[ff0e::1]",
    ],
)
def test_no_private_address_is_called_without_the_setting(host: str) -> None:
    with pytest.raises(WebhookRefused, match="webhook_allow_private"):
        resolve(f"http://{host}/", allow_private=False)


@pytest.mark.parametrize(
    "host", ["93.184.215.14", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]", "[64:ff9b::808:808]"]
)
def test_public_addresses_may_be_called(host: str) -> None:
    assert resolve(f"https://{host}/x?y", allow_private=False).path == "/x?y"


def test_one_private_address_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [(2, 1, 6, "", ("93.184.215.14", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)

    with pytest.raises(WebhookRefused):
        resolve("http://mixed.example/", allow_private=False)


def test_a_name_is_resolved_once_and_that_address_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolved: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, *rest: Any, **named: Any) -> list[Any]:
        if host != "rebinding.example":
            return real(host, port, *rest, **named)
        resolved.append(host)
        return real("127.0.0.1" if len(resolved) == 1 else "192.0.2.1", port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiver() as server:
        post(resolve(server.url("rebinding.example"), allow_private=True), b"{}", {}, 5)

    assert resolved == ["rebinding.example"]
    assert server.calls[0].headers["Host"] == f"rebinding.example:{server.port}"


def test_a_receiver_that_sends_single_bytes_is_cut_off_in_time() -> None:
    with dripping_server() as port:
        target = resolve(f"http://127.0.0.1:{port}/", allow_private=True)
        started = time.monotonic()

        with pytest.raises(WebhookFailed, match="longer than"):
            post(target, b"{}", {}, 0.5)

    assert time.monotonic() - started < 3


def test_a_tls_handshake_that_never_ends_is_cut_off_in_time() -> None:
    with dripping_server(b"\x16\x03\x03\x40\x00") as port:
        target = resolve(f"https://127.0.0.1:{port}/", allow_private=True)
        started = time.monotonic()

        with pytest.raises(WebhookFailed, match="longer than"):
            post(target, b"{}", {}, 0.5)

    assert time.monotonic() - started < 3


def test_a_name_look_up_counts_against_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> list[object]:
        time.sleep(3)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    started = time.monotonic()

    with pytest.raises(WebhookFailed, match=r"slow.example can't be resolved within 0.3 s"):
        resolve("http://slow.example/", allow_private=False, timeout_s=0.3)

    assert time.monotonic() - started < 2


def test_a_call_has_only_the_time_that_the_look_up_has_left() -> None:
    target = resolve("http://127.0.0.1:9/", allow_private=True)

    with pytest.raises(WebhookFailed, match="took longer than 1 s"):
        post(target, b"{}", {}, 1, started=time.monotonic() - 2)


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
    """Make the tested code trust ``authority``."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def secure_call(server: Receiver) -> None:
    """One call to the server by the name localhost."""
    post(resolve(server.url("localhost", "https"), allow_private=True), b"{}", {}, 5)


def test_https_verifies_the_name_although_an_address_is_called(
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


def test_a_certificate_of_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
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
def test_addresses_that_are_no_webhooks_are_refused_at_submission(url: str) -> None:
    with pytest.raises(UsageError):
        check_webhook(url)
