"""Connections without the secret take no place from senders that have it."""

import http.client
import json
import socket
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from typing import Any

import pytest

from producer.watching.triggers.event_server import MAX_PER_PEER, serving
from producer.watching.triggers.pushed_events import Receiver
from shared.domain.errors import UsageError
from tests.support.fleets.fleet import wait_until

SECRET = "a secret of enough length"
BODY = json.dumps(
    {"Records": [{"eventName": "ObjectCreated:Put",
                  "s3": {"bucket": {"name": "b"}, "object": {"key": "in/x.pdf"}}}]}
).encode()  # fmt: skip
HEAD = f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\n".encode()


class Keys:
    """Records keys; an error of its own is the result of each."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.error: Exception | None = None

    def add_event(self, key: str) -> "Future[bool]":
        """See WorkQueue."""
        self.keys.append(key)
        result: Future[bool] = Future()
        if self.error is not None:
            result.set_exception(self.error)
        else:
            result.set_result(True)
        return result


@pytest.fixture
def keys() -> Keys:
    """The keys that were received."""
    return Keys()


@pytest.fixture
def port(keys: Keys) -> Iterator[int]:
    """The port of a server for s3://b/in/."""
    receiver = Receiver(("b", "in/"), keys.add_event, SECRET)
    with serving("127.0.0.1:0", receiver.answer) as port:
        yield port


def send(port: int, data: bytes = BODY, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with closing(connection):
        connection.request("POST", "/", data, {"Authorization": SECRET, **headers})
        return connection.getresponse().status


def raw(port: int, data: bytes, seconds: float = 5) -> bytes:
    """What the server answers to these bytes until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(data)
        answer = b""
        while part := connection.recv(4096):
            answer += part
        return answer


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-A: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbody",
        b"POST / HTTP/1.1\r\nHost: x\r\nX-Pagefleet-Signature: " + b"0" * 64
        + b"\r\nContent-Length: 1000000\r\n\r\nbody",
    ],
    ids=["silent", "headers", "body", "signed body"],
)  # fmt: skip
def test_genuine_events_are_received_while_forty_connections_hang(
    port: int, keys: Keys, start: bytes
) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            hanging = socket.create_connection(("127.0.0.1", port), timeout=5)
            stack.enter_context(hanging)
            hanging.sendall(start)
        started = time.monotonic()
        assert [send(port) for _ in range(36)] == [200] * 36
        assert time.monotonic() - started < 10
    assert keys.keys == ["x.pdf"] * 36


def test_more_connections_of_a_peer_close_its_oldest(port: int) -> None:
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            for _ in range(MAX_PER_PEER + 1)
        ]
        assert connections[0].recv(1) == b""
        connections[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            connections[-1].recv(1)


def test_a_slow_sender_is_cut_off(keys: Keys) -> None:
    receiver = Receiver(("b", "in/"), keys.add_event, SECRET)
    started = time.monotonic()
    with (
        serving("127.0.0.1:0", receiver.answer, unproven_s=1.0) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as slow,
        pytest.raises((ConnectionResetError, BrokenPipeError)),
    ):
        for _ in range(60):
            slow.sendall(b"P")
            time.sleep(0.1)
    assert time.monotonic() - started < 5


def test_a_sender_without_the_secret_is_refused_before_its_body_is_read(port: int) -> None:
    answer = raw(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 403 ")


def test_a_compressed_body_is_refused_and_never_unpacked(port: int, keys: Keys) -> None:
    bomb = zlib.compress(b" " * 50_000_000)
    forged = {"Authorization": "", "X-Pagefleet-Signature": "0" * 64}

    tracemalloc.start()
    statuses = [
        send(port, bomb, **each, **{"Content-Encoding": "deflate"}) for each in ({}, forged)
    ]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert statuses == [415, 415]
    assert most < 10_000_000
    assert keys.keys == []


@pytest.mark.parametrize(
    ("length", "status"),
    [(b"9" * 5000, b"400"), (b"9" * 30, b"400"), (b"-1", b"400"), (b"+1", b"400"), (b"1_0", b"400"),
     (b"0x1", b"400"), (b"1, 1", b"400"), (b"2000000", b"413")],
)  # fmt: skip
def test_a_content_length_is_judged_strictly(
    port: int, keys: Keys, length: bytes, status: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = raw(port, HEAD + b"Content-Length: " + length + b"\r\n\r\n")

    assert answer.split()[1] == status
    assert send(port) == 200
    assert capfd.readouterr() == ("", "")
    assert keys.keys == ["x.pdf"]


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\0" * 9000, HEAD + b"X: " + b"a" * 20_000,
     HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
     HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_leaves_no_trace(
    port: int, keys: Keys, data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):  # until the server has dealt with it and hung up
            while connection.recv(4096):
                pass
    assert send(port) == 200
    assert capfd.readouterr() == ("", "")


def test_a_key_that_can_not_be_used_is_refused(port: int, keys: Keys) -> None:
    keys.error = ValueError("unusable")

    assert send(port) == 400


def test_a_port_in_use_is_refused_in_words(port: int) -> None:
    async def answer(*_: Any) -> Any:
        raise AssertionError

    with pytest.raises(UsageError, match="can't listen"), serving(f"127.0.0.1:{port}", answer):
        pass
    with pytest.raises(UsageError, match="not an address"), serving("127.0.0.1:123456", answer):
        pass


def test_the_server_ends_while_connections_hang(keys: Keys) -> None:
    receiver = Receiver(("b", "in/"), keys.add_event, SECRET)
    started = time.monotonic()
    with ExitStack() as stack, serving("127.0.0.1:0", receiver.answer) as port:
        hanging = socket.create_connection(("127.0.0.1", port), timeout=5)
        stack.enter_context(hanging)
        hanging.sendall(HEAD)
        wait_until(lambda: send(port) == 200, 5)
    assert time.monotonic() - started < 10
