"""An HTTP server for senders of which few are trusted: bounded time, connections and bodies.

A connection is unproven until its request has shown the secret. Unproven connections can't keep
others out: above a limit the oldest one of the same peer, or of all, is closed.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web

from shared.domain.errors import UsageError

#: A connection that has not proven itself is closed after this time.
UNPROVEN_S = 10.0
#: Every connection is closed after this time.
CONNECTION_S = 30.0
#: How long the rest of a refused body is read, so that its sender sees the response.
LINGER_S = 1.0
#: Unproven connections of one address, and of all.
MAX_PER_PEER = 32
MAX_UNPROVEN = 256
MAX_HEADER_BYTES = 8190
Answer = Callable[[web.BaseRequest, Callable[[], None]], Awaitable[HTTPStatus]]

#: Logs nothing: a path may contain the secret.
_SILENT = logging.Logger("events", logging.CRITICAL + 1)


class Unproven:
    """Connections that have not shown the secret, in the order of their arrival."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._peers: dict[_Connection, str] = {}

    def add(self, connection: "_Connection", peer: str) -> None:
        """A connection was made; closes the oldest one where there are too many."""
        of_peer = [each for each, address in self._peers.items() if address == peer]
        if len(of_peer) >= MAX_PER_PEER:
            self.close(of_peer[0])
        elif len(self._peers) >= MAX_UNPROVEN:
            self.close(next(iter(self._peers)))
        self._peers[connection] = peer

    def discard(self, connection: "_Connection") -> None:
        """The connection has shown the secret, or was closed."""
        self._peers.pop(connection, None)

    def close(self, connection: "_Connection") -> None:
        """Cut the connection off."""
        self.discard(connection)
        connection.cut_off()


class _Connection(web.RequestHandler):
    """One connection, which serves one request."""

    def __init__(self, server: Any, loop: asyncio.AbstractEventLoop, unproven: Unproven) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=_SILENT,
            logger=_SILENT,
            lingering_time=LINGER_S,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            # A small compressed body could fill the memory before its signature is checked.
            auto_decompress=False,
        )
        self._unproven = unproven
        self._timers: list[asyncio.TimerHandle] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the deadlines."""
        super().connection_made(transport)
        loop = asyncio.get_running_loop()
        peer = transport.get_extra_info("peername") or ("",)
        self._unproven.add(self, str(peer[0]))
        self._timers = [
            loop.call_later(self._unproven.limit_s, self._end_unproven),
            loop.call_later(CONNECTION_S, self.cut_off),
        ]

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the deadlines."""
        self._unproven.discard(self)
        for timer in self._timers:
            timer.cancel()
        super().connection_lost(exc)

    def proven(self) -> None:
        """The request has shown the secret."""
        self._unproven.discard(self)
        self._timers[0].cancel()

    def cut_off(self) -> None:
        """Close the connection without waiting for the other side."""
        if self.transport is not None:
            self.transport.abort()

    def _end_unproven(self) -> None:
        self._unproven.close(self)


@contextmanager
def serving(address: str, answer: Answer, unproven_s: float = UNPROVEN_S) -> Iterator[int]:
    """Listen on HOST:PORT while the block runs; yields the port; raises UsageError.

    A connection that has not shown the secret after ``unproven_s`` is closed.
    """
    host, port = _host_and_port(address)
    loop = asyncio.new_event_loop()
    try:
        connections = loop.run_until_complete(_new_server(answer))
        server = loop.run_until_complete(
            _listen(loop, host, port, connections, Unproven(unproven_s))
        )
    except (OSError, OverflowError) as error:
        loop.close()
        raise UsageError(f"can't listen on {address}: {error}") from None
    thread = threading.Thread(target=loop.run_forever, name="pushed-events", daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, connections), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


def _host_and_port(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5:
        raise UsageError(f"{address!r} is not an address to listen on; write HOST:PORT")
    return host.strip("[]"), int(port)


def _handler(answer: Answer) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        connection = cast(_Connection, request.protocol)
        status = await answer(request, connection.proven)
        response = web.Response(status=status, headers={"Server": "pagefleet"})
        response.force_close()
        return response

    return handle


async def _new_server(answer: Answer) -> web.Server:
    return web.Server(_handler(answer))


async def _listen(
    loop: asyncio.AbstractEventLoop,
    host: str,
    port: int,
    connections: web.Server,
    unproven: Unproven,
) -> asyncio.Server:
    return await loop.create_server(lambda: _Connection(connections, loop, unproven), host, port)


async def _close(server: asyncio.Server, connections: web.Server) -> None:
    server.close()
    for connection in list(connections.connections):
        cast(_Connection, connection).cut_off()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
