"""One POST to a checked address, without redirects and proxies, with a time limit."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from workers.maintenance.webhooks.address import Target
from workers.maintenance.webhooks.failures import WebhookFailed, WebhookRefused

#: 410 Gone: the receiver wants no more calls.
GONE = 410


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
    started: float | None = None,
) -> None:
    """Deliver ``body``; raises WebhookFailed unless a status from 200 to 299 comes in time.

    The time counts from ``started`` by the monotonic clock, default: now.
    """
    deadline = (time.monotonic() if started is None else started) + timeout_s
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise _timed_out(target, timeout_s)
    try:
        with closing(_connection(target, left_s)) as connection, _shut_at(connection, deadline):
            connection.connect()
            status = _send(connection, target, body, headers)
    except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline:
            raise _timed_out(target, timeout_s) from None
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise WebhookFailed(f"{target.host} can't be reached: {reason}") from None
    if time.monotonic() >= deadline:
        # The timer shut the connection down within the headers, which then look complete.
        raise _timed_out(target, timeout_s)
    _check(target, status)


def _timed_out(target: Target, timeout_s: float) -> WebhookFailed:
    return WebhookFailed(f"{target.host} took longer than {timeout_s:g} s")


def _connection(target: Target, timeout_s: float) -> HTTPConnection:
    if not target.secure:
        return HTTPConnection(target.ip, target.port, timeout=timeout_s)
    return HTTPSConnection(
        target.ip,
        target.port,
        timeout=timeout_s,
        ssl_context=ssl.create_default_context(),
        server_hostname=target.host,
        assert_hostname=target.host,
    )


def _send(
    connection: HTTPConnection,
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
) -> int:
    """The status of the response, whose body is not read."""
    all_headers = {"Host": target.authority, **headers}
    connection.request("POST", target.path, body=body, headers=all_headers, preload_content=False)
    return connection.getresponse().status


@contextmanager
def _shut_at(connection: HTTPConnection, deadline: float) -> Iterator[None]:
    """Shut the connection down at ``deadline``, also within the handshake of TLS.

    A socket's own timeout starts again with every byte that arrives.
    """
    sockets: list[socket.socket] = []
    connect = connection._new_conn

    def connect_and_record() -> socket.socket:
        opened = connect()
        # A copy, because TLS takes the socket over, and its shutdown would wait for the receiver.
        sockets.append(opened.dup())
        return opened

    connection._new_conn = connect_and_record  # type: ignore[method-assign]
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), _shut_down, [sockets])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        for each in sockets:
            each.close()


def _shut_down(sockets: list[socket.socket]) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _check(target: Target, status: int) -> None:
    if 200 <= status < 300:
        return
    if status == GONE:
        raise WebhookRefused(f"{target.host} answered {status}: it wants no more calls")
    advice = "; redirects are not followed" if 300 <= status < 400 else ""
    raise WebhookFailed(f"{target.host} answered {status}{advice}")
