"""One OpenAI-compatible server over HTTP: its answers, or errors of the right family.

aiohttp, because the engine lives on an event loop with many long requests in flight, and a
page that is let go has to close its connection: that is what makes the server stop its work.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp

from shared.domain.errors import EngineFailed, EngineUnavailable, EngineUnreachable, PagefleetError
from workers.engines.openai.replies import (
    Completion,
    ModelCard,
    ModelList,
    Version,
    error_words,
    parse,
)

log = logging.getLogger("pagefleet.engine")
_Result = TypeVar("_Result")
CONNECT_S = 10.0
PROBE_S = 10.0
#: Seconds between tries while the server is away or too busy; then the page goes back.
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
LONGEST_PAUSE_S = 30.0
#: A longer answer than this is not one page's.
MAX_BYTES = 64 * 1024 * 1024
#: Busy, starting, or a proxy that can't reach the server: the page waits.
_AWAY = frozenset({408, 425, 429, 502, 503, 504})
_KEY = frozenset({401, 403})
_DONE = "[DONE]"


class Busy(EngineUnreachable):
    """The server says that it takes no more now; ``pause_s`` is its own advice, if any."""

    def __init__(self, message: str, pause_s: float | None = None) -> None:
        super().__init__(message)
        self.pause_s = pause_s


class Server:
    """Made and used on one event loop; ``close`` it."""

    def __init__(self, url: str, key: str | None, connections: int, timeout_s: float) -> None:
        """``url`` is the server's root or its /v1; ``timeout_s`` bounds one whole answer."""
        self.root = url.rstrip("/").removesuffix("/v1").rstrip("/")
        self._timeout_s = timeout_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            headers={"Authorization": f"Bearer {key}"} if key else None,
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S),
            read_bufsize=2**20,
        )

    async def models(self) -> list[ModelCard]:
        """What the server serves, waited for; raises EngineUnreachable or EngineUnavailable."""
        return parse(ModelList, await self._patiently(lambda: self._get("/v1/models"))).data

    async def version(self) -> str | None:
        """vLLM's version; None for other servers."""
        try:
            return parse(Version, await self._get("/version")).version
        except PagefleetError:
            return None

    async def complete(self, body: dict[str, Any]) -> Completion:
        """One whole answer; raises EngineFailed for the page, EngineUnreachable for the server."""

        async def ask() -> Completion:
            async with self._post(body) as response:
                return parse(Completion, await _limited(response))

        return await self._patiently(ask)

    async def stream(self, body: dict[str, Any]) -> AsyncGenerator[Completion]:
        """An answer piece by piece; raises what ``complete`` raises, and is not tried again."""
        async with self._post({**body, "stream": True}) as response:
            async for line in response.content:
                data = line.decode("utf-8", "replace").strip().removeprefix("data:").strip()
                if data == _DONE:
                    return
                if data and not data.startswith((":", "event:")):
                    yield parse(Completion, data)
        raise EngineUnreachable("the server ended its stream in the middle of an answer")

    async def close(self) -> None:
        """Close all connections; requests in flight end with an error."""
        await self._session.close()

    async def _patiently(self, ask: Callable[[], Awaitable[_Result]]) -> _Result:
        for pause_s in PAUSES_S:
            try:
                return await ask()
            except EngineUnreachable as error:
                advised = error.pause_s if isinstance(error, Busy) else None
                pause = pause_s if advised is None else min(advised, LONGEST_PAUSE_S)
                log.info("%s; trying again in %.1f s", error.message, pause)
                await asyncio.sleep(pause)
        return await ask()

    @asynccontextmanager
    async def _post(self, body: dict[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self.root}/v1/chat/completions"
        try:
            async with self._session.post(url, data=data, headers=headers) as response:
                if response.status != 200:
                    raise await self._judged(response)
                yield response
        except TimeoutError:
            raise await self._slow() from None
        except aiohttp.ClientError as error:
            raise EngineUnreachable(f"the server {self.root} {_how(error)}") from None

    async def _judged(self, response: aiohttp.ClientResponse) -> PagefleetError:
        """What a refusal means."""
        words = error_words(await _limited(response))
        status = response.status
        if status in _AWAY:
            return Busy(f"the server says {status}: {words}", _retry_after(response))
        if status in _KEY or status in (404, 405):
            return EngineUnreachable(f"the server {self.root} says {status}: {words}")
        if status >= 500 and not await self.healthy():
            return EngineUnreachable(f"the server's engine died ({status}: {words})")
        return EngineFailed(f"the server refused the page ({status}: {words})")

    async def _slow(self) -> PagefleetError:
        """A healthy server that can't end one answer has a bad page."""
        if await self.healthy():
            limit = f"{self._timeout_s:g} s (engine_timeout_s)"
            return EngineFailed(f"the server gave no answer within {limit}")
        return EngineUnreachable(f"the server {self.root} hangs")

    async def healthy(self) -> bool:
        """Whether the server answers /health, or without one /v1/models."""
        for path in ("/health", "/v1/models"):
            try:
                async with self._session.get(self.root + path, timeout=_PROBE) as response:
                    if response.status != 404:
                        return response.status == 200
            except (aiohttp.ClientError, TimeoutError):
                return False
        return False

    async def _get(self, path: str) -> bytes:
        try:
            async with self._session.get(self.root + path, timeout=_PROBE) as response:
                body = await _limited(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineUnreachable(f"the server {self.root} {_how(error)}") from None
        if response.status in _KEY:
            raise EngineUnavailable(
                f"the server {self.root} says {response.status}: set PAGEFLEET_ENGINE_API_KEY"
            )
        if response.status != 200:
            raise EngineUnreachable(f"the server says {response.status}: {error_words(body)}")
        return body


_PROBE = aiohttp.ClientTimeout(total=PROBE_S)


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    body = await response.content.read(MAX_BYTES)
    while not response.content.at_eof():
        more = await response.content.read(MAX_BYTES)
        body += more
        if len(body) > MAX_BYTES:
            raise EngineFailed(f"the server's answer is larger than {MAX_BYTES} bytes")
    return body


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """The seconds that the server asks for; dates are not looked at."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _how(error: Exception) -> str:
    """What went wrong with a connection, in words that hold no header."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"can't be reached: {error.strerror or 'no route'}"
    if isinstance(error, TimeoutError):
        return "does not answer"
    return f"broke the connection ({type(error).__name__})"
