"""One POST to a checked address: no redirect, no proxy, no more than its time."""

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
from workers.maintenance.webhooks.failures import Undelivered, Unwanted

#: The receiver says that it does not want to be called any more.
GONE = 410


def post(target: Target, body: bytes, headers: Mapping[str, str], timeout_s: float) -> None:
    """Deliver ``body``; raises Undelivered unless a status from 200 to 299 came in time."""
    deadline = time.monotonic() + timeout_s
    try:
        with closing(_connection(target, timeout_s)) as connection:
            connection.connect()
            status = _exchange(connection, target, body, headers, deadline)
    except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= deadline:
            raise _late(target, timeout_s) from None
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise Undelivered(f"{target.host} can't be reached: {reason}") from None
    if time.monotonic() >= deadline:
        # Cut off in the middle of the headers, which then look as if they had ended.
        raise _late(target, timeout_s)
    _check(target, status)


def _late(target: Target, timeout_s: float) -> Undelivered:
    return Undelivered(f"{target.host} took longer than {timeout_s:g} s")


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


def _exchange(
    connection: HTTPConnection,
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    deadline: float,
) -> int:
    """The answer's status; its body is not read."""
    # A socket's own timeout starts again with every byte that drips in.
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, [connection.sock])
    timer.start()
    try:
        sent = {"Host": target.authority, **headers}
        connection.request("POST", target.path, body=body, headers=sent, preload_content=False)
        return connection.getresponse().status
    finally:
        timer.cancel()


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        # Of the plain socket: TLS would want to say goodbye first.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _check(target: Target, status: int) -> None:
    if 200 <= status < 300:
        return
    if status == GONE:
        raise Unwanted(f"{target.host} answered {status}: it wants no more calls")
    advice = "; redirects are not followed" if 300 <= status < 400 else ""
    raise Undelivered(f"{target.host} answered {status}{advice}")
