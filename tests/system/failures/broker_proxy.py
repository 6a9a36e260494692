"""A proxy between fleet and broker that cuts, delays, stalls, and traps single script calls."""

import asyncio
import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from shared.broker.scripts import source

#: Lua scripts whose calls the proxy can recognise by their hash.
STEPS = ("claim", "finish", "release", "renew", "dispatch", "open_job", "redo", "close_job")
CHUNK = 1 << 16
Moment = Literal["before", "after"]


@dataclass
class Trap:
    """Fires once: at the next call of ``step``, before it reaches the broker or after."""

    step: str
    moment: Moment
    #: Called with the local port of the process that made the call.
    fire: Callable[[int], None]

    @property
    def mark(self) -> bytes:
        """The bytes that identify the call."""
        return hashlib.sha1(source(self.step).encode()).hexdigest().encode()


@dataclass(eq=False)
class _Link:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    port: int
    trapped: Trap | None = field(default=None)
    #: Its bytes are dropped, and no end of it is passed on: a half-open connection.
    is_dead: bool = False

    def abort(self) -> None:
        for side in (self.client, self.server):
            side.transport.abort()


class BrokerProxy:
    """Listens on its own port; every method may be called from any thread."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream = upstream_port
        self._links: set[_Link] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._closing = asyncio.Event()
        self._delay_s = 0.0
        self._refuses = False
        self._swallows = False
        self._keeps_upstream = False
        self._trap: Trap | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def cut(self) -> None:
        """Reset every connection."""
        self._call(self._abort_all)

    def refuse(self, on: bool) -> None:
        """Reset every connection and refuse new ones, as a broker that is down."""
        self._refuses = on
        if on:
            self.cut()

    def delay(self, seconds: float) -> None:
        """Delay every packet by ``seconds``."""
        self._delay_s = seconds

    def stall(self, on: bool) -> None:
        """Keep connections open and forward nothing; what was sent meanwhile is forwarded later."""
        self._call(self._flowing.clear if on else self._flowing.set)

    def half_open(self, on: bool) -> None:
        """Drop the bytes of every connection, new ones too, and close none: they are half open.

        Connections from that time stay dead afterwards; only new ones work.
        """
        self._swallows = on
        if on:
            self._call(self._kill_all)

    def lose_node(self, on: bool) -> None:
        """As if the service's machine was lost: old connections are dead, new ones are refused."""
        self._refuses = on
        if on:
            self._call(self._kill_all)

    def keep_upstream(self) -> None:
        """From now on the service does not learn that a client has gone."""
        self._keeps_upstream = True

    def trap(self, trap: Trap | None) -> None:
        """Arm a trap, or remove it with None."""
        self._trap = trap

    def close(self) -> None:
        """Stop the proxy and close every connection."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
        self._call(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _call(self, action: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(action)

    def _abort_all(self) -> None:
        for link in list(self._links):
            link.abort()

    def _kill_all(self) -> None:
        for link in self._links:
            link.is_dead = True

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _shut(self) -> None:
        self._server.close()
        self._closing.set()
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuses:
            writer.transport.abort()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(
                "127.0.0.1", self._upstream
            )
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, server_writer, writer.get_extra_info("peername")[1])
        link.is_dead = self._swallows
        self._links.add(link)
        try:
            # The task of a connection must not end as cancelled, or asyncio logs it.
            with suppress(asyncio.CancelledError):
                await asyncio.gather(self._up(link, reader), self._down(link, server_reader))
        finally:
            self._links.discard(link)
            link.abort()

    async def _up(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while data := await self._next(reader):
            if link.is_dead:
                continue
            trap = self._trap
            if trap is not None and trap.mark in data:
                self._trap = None
                if trap.moment == "before":
                    trap.fire(link.port)
                    break
                link.trapped = trap
            link.server.write(data)
        if self._keeps_upstream:
            await self._closing.wait()
        link.abort()

    async def _down(self, link: _Link, reader: asyncio.StreamReader) -> None:
        while data := await self._next(reader):
            if link.is_dead:
                continue
            if link.trapped is not None:
                link.trapped.fire(link.port)
                break
            link.client.write(data)
        if link.is_dead or self._keeps_upstream:
            await self._closing.wait()  # the other side must not learn of the end
        link.abort()

    async def _next(self, reader: asyncio.StreamReader) -> bytes:
        data = b""
        with suppress(OSError):
            data = await reader.read(CHUNK)
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        await self._flowing.wait()
        return data
