"""Slow or many connections to the port for metrics and health checks do no harm."""

import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from shared.telemetry import http_port
from shared.telemetry.health import Health


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        host, port = free.getsockname()
    with http_port.http_port(host, port, Health()):
        yield host, port


def test_a_client_that_sends_a_byte_now_and_then_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, address: tuple[str, int]
) -> None:
    monkeypatch.setattr(http_port, "REQUEST_TIMEOUT_S", 0.5)
    with socket.create_connection(address, timeout=0.2) as slow, suppress(OSError):
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            slow.send(b"G")
            with suppress(TimeoutError):
                if slow.recv(100) == b"":
                    return
        pytest.fail("the connection is still open")


def test_idle_connections_keep_no_other_out_and_the_oldest_are_closed(
    address: tuple[str, int],
) -> None:
    before, started = threading.active_count(), time.monotonic()
    with ExitStack() as opened:
        idle = [
            opened.enter_context(socket.create_connection(address, timeout=5))
            for _ in range(3 * http_port.MAX_CONNECTIONS)
        ]
        url = f"http://{address[0]}:{address[1]}/livez"
        with urllib.request.urlopen(url, timeout=5) as answer:
            assert answer.status == 200

        assert idle[0].recv(1) == b""
        assert time.monotonic() < started + 0.8 * http_port.REQUEST_TIMEOUT_S
        deadline = time.monotonic() + 5
        while threading.active_count() > before + http_port.MAX_CONNECTIONS:
            assert time.monotonic() < deadline, "the threads of closed connections go on"
            threading.Event().wait(0.02)
