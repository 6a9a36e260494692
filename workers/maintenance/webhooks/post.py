"""One POST to a checked address, without redirects and proxies, with a time limit."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from workers.maintenance.webhooks.address import Target
from workers.maintenance.webhooks.failures import WebhookFailed, WebhookRefused

#: 410 Gone: the receiver wants no more calls.
GONE = 410


def post(target: Target, body: bytes, headers: Mapping[str, str], timeout_s: float) -> None:
    """Deliver ``body``; raises WebhookFailed unless a status from 200 to 299 comes in time."""
    deadline = time.monotonic() + timeout_s
    try:
        with closing(_connection(target, timeout_s)) as connection:
            connection.connect()
            status = _send(connection, target, body, headers, deadline)
    except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline:
            raise _timed_out(target, timeout_s) from None
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise WebhookFailed(f"{target.host} can't be reached: {reason}") from None
    if time.monotonic() >= deadline:
        # The timer cut the connection within the headers, which then look complete.
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
    deadline: float,
) -> int:
    """The status of the response, whose body is not read."""
    # A socket's own timeout starts again with every byte that arrives.
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, [connection.sock])
    timer.start()
    try:
        all_headers = {"Host": target.authority, **headers}
        connection.request(
            "POST", target.path, body=body, headers=all_headers, preload_content=False
        )
        return connection.getresponse().status
    finally:
        timer.cancel()


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        # On the plain socket, because the shutdown of TLS would wait for the receiver.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _check(target: Target, status: int) -> None:
    if 200 <= status < 300:
        return
    if status == GONE:
        raise WebhookRefused(f"{target.host} answered {status}: it wants no more calls")
    advice = "; redirects are not followed" if 300 <= status < 400 else ""
    raise WebhookFailed(f"{target.host} answered {status}{advice}")
