"""A broker that answers slowly or without end holds no command and fills no memory."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest
import redis

from shared.broker.replies.bounded_replies import bounded_parser

LIMIT_S = 0.5
LIMIT_BYTES = 1 << 20


@contextmanager
def broker(answer: Callable[[socket.socket], None]) -> Iterator[redis.Redis]:
    """A client of a server that answers every connection with ``answer``."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=_serve, args=(server, answer), daemon=True).start()
        with closing(_client(server.getsockname()[1])) as client:
            yield client


def _client(port: int) -> redis.Redis:
    return redis.Redis.from_url(
        f"redis://127.0.0.1:{port}?protocol=2",
        socket_timeout=LIMIT_S,
        retry=None,
        driver_info=None,
        parser_class=bounded_parser(LIMIT_S, LIMIT_BYTES),
    )


def _serve(server: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with closing(connection):
                connection.recv(65536)
                answer(connection)


def _trickle(connection: socket.socket) -> None:
    connection.sendall(b"+")
    with suppress(OSError):
        while True:
            connection.sendall(b"x")
            time.sleep(LIMIT_S / 10)


def _flood(connection: socket.socket) -> None:
    connection.sendall(b"$4000000000\r\n")
    with suppress(OSError):
        while True:
            connection.sendall(bytes(65536))


def test_a_reply_that_trickles_ends_in_time() -> None:
    """Each byte comes within the socket's own time limit."""
    began = time.monotonic()
    with broker(_trickle) as client, pytest.raises(redis.exceptions.TimeoutError):
        client.ping()
    assert time.monotonic() - began < 6 * LIMIT_S


def test_a_reply_without_end_is_refused() -> None:
    """The reply would take four gigabytes of memory."""
    with broker(_flood) as client, pytest.raises(redis.exceptions.InvalidResponse, match="bytes"):
        client.ping()
