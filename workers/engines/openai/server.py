"""HTTP client for one OpenAI-compatible server; maps its failures to page and transient errors.

It uses aiohttp because the engine runs on an event loop with many long requests in flight, and a
cancelled page must close its connection, which makes the server stop generating.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from shared.domain.errors import EngineFailed, EngineUnavailable, EngineUnreachable, PagefleetError
from workers.engines.openai.replies import (
    CompletionReply,
    ModelCard,
    ModelList,
    Version,
    error_text,
    parse,
)

log = logging.getLogger("pagefleet.engine")
_Result = TypeVar("_Result")
CONNECT_S = 10.0
PROBE_S = 10.0
LONGEST_PAUSE_S = 30.0
#: Replies above this size are treated as an error of the page; many are in memory at once.
MAX_BYTES = 8 * 1024 * 1024
#: The server is busy or starting, or a proxy can't reach it: retry.
_RETRY_STATUS = frozenset({408, 425, 429, 502, 503, 504})
_AUTH_STATUS = frozenset({401, 403})
_DONE = "[DONE]"


class Busy(EngineUnreachable):
    """The server is overloaded; ``pause_s`` is its Retry-After value, if any."""

    def __init__(self, message: str, pause_s: float | None = None) -> None:
        super().__init__(message)
        self.pause_s = pause_s


class Server:
    """Created and used on one event loop; must be closed."""

    def __init__(
        self,
        url: str,
        key: str | None,
        connections: int,
        timeout_s: float,
        pauses_s: Sequence[float],
    ) -> None:
        """``url``: the server's root or its /v1. ``timeout_s``: limit for one complete answer.

        ``pauses_s``: between retries while the server is unreachable or busy.
        """
        self.root = url.rstrip("/").removesuffix("/v1").rstrip("/")
        self._timeout_s = timeout_s
        self._pauses_s = pauses_s
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            headers=_headers(key),
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_S),
            read_bufsize=2**20,
            # A small compressed reply could fill the memory.
            auto_decompress=False,
        )

    async def models(self) -> list[ModelCard]:
        """The served models, with retries; raises EngineUnreachable or EngineUnavailable."""
        return parse(ModelList, await self._with_retries(lambda: self._get("/v1/models"))).data

    async def version(self) -> str | None:
        """vLLM's version; None for other servers."""
        try:
            return parse(Version, await self._get("/version")).version
        except PagefleetError:
            return None

    async def complete(self, body: dict[str, Any]) -> CompletionReply:
        """One complete answer; raises EngineFailed (page) or EngineUnreachable (server)."""

        async def ask() -> CompletionReply:
            async with self._post(body) as response:
                return parse(CompletionReply, await _limited(response))

        return await self._with_retries(ask)

    async def stream(self, body: dict[str, Any]) -> AsyncGenerator[CompletionReply]:
        """An answer, chunk by chunk; raises what ``complete`` raises, without retries."""
        left = MAX_BYTES
        async with self._post({**body, "stream": True}) as response:
            async for line in response.content:
                left -= len(line)
                if left < 0:
                    raise _too_large()
                data = line.decode("utf-8", "replace").strip().removeprefix("data:").strip()
                if data == _DONE:
                    return
                if data and not data.startswith((":", "event:")):
                    yield parse(CompletionReply, data)
        raise EngineUnreachable("the server ended its stream in the middle of an answer")

    async def close(self) -> None:
        """Close all connections; requests in flight raise an error."""
        await self._session.close()

    async def _with_retries(self, ask: Callable[[], Awaitable[_Result]]) -> _Result:
        for pause_s in self._pauses_s:
            try:
                return await ask()
            except EngineUnreachable as error:
                retry_after = error.pause_s if isinstance(error, Busy) else None
                pause = pause_s if retry_after is None else min(retry_after, LONGEST_PAUSE_S)
                log.info("%s; retrying in %.1f s", error.message, pause)
                await asyncio.sleep(pause)
        return await ask()

    @asynccontextmanager
    async def _post(self, body: dict[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{self.root}/v1/chat/completions"
        try:
            async with self._session.post(
                url, data=data, headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise await self._error_for(response)
                yield response
        except TimeoutError:
            raise await self._timeout_error() from None
        except (aiohttp.ClientError, HttpProcessingError) as error:
            raise EngineUnreachable(f"the server {self.root} {_cause(error)}") from None

    async def _error_for(self, response: aiohttp.ClientResponse) -> PagefleetError:
        """The error that an HTTP status stands for."""
        text = error_text(await _limited(response))
        status = response.status
        if 300 <= status < 400:
            return EngineUnreachable(self._redirect(status))
        if status in _RETRY_STATUS:
            return Busy(f"the server says {status}: {text}", _retry_after(response))
        if status in _AUTH_STATUS or status in (404, 405):
            return EngineUnreachable(f"the server {self.root} says {status}: {text}")
        if status >= 500 and not await self.healthy():
            return EngineUnreachable(f"the server's engine died ({status}: {text})")
        return EngineFailed(f"the server refused the page ({status}: {text})")

    async def _timeout_error(self) -> PagefleetError:
        """A timeout is the page's fault if the server is healthy."""
        if await self.healthy():
            limit = f"{self._timeout_s:g} s (engine_timeout_s)"
            return EngineFailed(f"the server gave no answer within {limit}")
        return EngineUnreachable(f"the server {self.root} hangs")

    async def healthy(self) -> bool:
        """Whether the server answers /health, or /v1/models if it has no /health."""
        for path in ("/health", "/v1/models"):
            try:
                async with self._probe(path) as response:
                    if response.status != 404:
                        return response.status == 200
            except (aiohttp.ClientError, TimeoutError):
                return False
        return False

    async def _get(self, path: str) -> bytes:
        try:
            async with self._probe(path) as response:
                body = await _limited(response)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineUnreachable(f"the server {self.root} {_cause(error)}") from None
        if response.status in _AUTH_STATUS:
            raise EngineUnavailable(
                f"the server {self.root} says {response.status}: set PAGEFLEET_ENGINE_API_KEY"
            )
        if 300 <= response.status < 400:
            raise EngineUnreachable(self._redirect(response.status))
        if response.status != 200:
            raise EngineUnreachable(f"the server says {response.status}: {error_text(body)}")
        return body

    def _probe(self, path: str) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """GET ``path``. Without redirects: they could lead the worker to internal addresses."""
        return self._session.get(self.root + path, timeout=_PROBE, allow_redirects=False)

    def _redirect(self, status: int) -> str:
        return f"the server {self.root} says {status}; redirects are not followed"


_PROBE = aiohttp.ClientTimeout(total=PROBE_S)


def _headers(key: str | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    return {**headers, "Authorization": f"Bearer {key}"} if key else headers


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    while more := await response.content.readany():
        body += more
        if len(body) > MAX_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> EngineFailed:
    return EngineFailed(f"the server's answer is larger than {MAX_BYTES} bytes")


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """The seconds of the Retry-After header; None for a date or no header."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _cause(error: Exception) -> str:
    """What went wrong with a connection, without any header value."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"can't be reached: {error.strerror or 'no route'}"
    if isinstance(error, TimeoutError):
        return "does not answer"
    return f"broke the connection ({type(error).__name__})"
