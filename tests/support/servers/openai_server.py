"""An HTTP server with the part of the OpenAI API that the openai engine uses, like ``vllm serve``.

Its answer contains the hash of the received picture, so that tests detect swapped pages.
"""

import asyncio
import base64
import hashlib
import io
import json
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from aiohttp import web
from PIL import Image

MODEL = "deepseek-ai/DeepSeek-OCR"
KEY = "secret-key-of-the-test"
#: Makes the response to one chat request; None means the default response.
Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


@dataclass
class OpenAiServer:
    """Run by ``serving``; each chat request uses up the first of ``faults``."""

    key: str | None = None
    model: str = MODEL
    longest: int = 8192
    healthy: bool = True
    latency_s: float = 0.0
    #: Pause between the pieces of a stream.
    pause_s: float = 0.0
    faults: list[Fault] = field(default_factory=list)
    #: Fixed answer instead of the picture's hash.
    text: str | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    #: Requests whose client disconnected before the answer.
    abandoned: int = 0
    most_at_once: int = 0
    port: int = 0
    #: Stops the server before the block of ``serving`` ends.
    stop: Callable[[], None] = lambda: None
    _running: int = 0

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/chat/completions."""
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return refusal(401, "Unauthorized")
        body = await request.json()
        self.bodies.append(body)
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        try:
            fault = self.faults.pop(0) if self.faults else None
            answer = await fault(request) if fault is not None else None
            if answer is not None:
                return answer
            await asyncio.sleep(self.latency_s)
            text = self.text if self.text is not None else name_of(body)
            return await self._reply(request, body, text)
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        finally:
            self._running -= 1

    async def _reply(
        self, request: web.Request, body: dict[str, Any], text: str
    ) -> web.StreamResponse:
        if not body.get("stream"):
            return completion(text)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in [text[i : i + 7] for i in range(0, len(text), 7)]:
            await response.write(f"data: {json.dumps(chunk(piece))}\n\n".encode())
            await asyncio.sleep(self.pause_s)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def models(self, request: web.Request) -> web.Response:
        """GET /v1/models."""
        if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
            return refusal(401, "Unauthorized")
        card = {"id": self.model, "object": "model", "max_model_len": self.longest}
        return web.json_response({"object": "list", "data": [card]})

    async def health(self, request: web.Request) -> web.Response:
        """GET /health."""
        return web.Response(status=200 if self.healthy else 503)

    async def version(self, request: web.Request) -> web.Response:
        """GET /version."""
        return web.json_response({"version": "0.25.1"})


def picture_of(body: dict[str, Any]) -> Image.Image:
    """The picture in a request; fails unless it is a PNG in a data URI."""
    first = body["messages"][0]["content"][0]
    prefix, _, data = first["image_url"]["url"].partition(",")
    assert prefix == "data:image/png;base64", prefix
    image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
    assert image.format == "PNG"
    return image.convert("RGB")


def prompt_of(body: dict[str, Any]) -> str:
    """The text in a request."""
    text: str = body["messages"][0]["content"][1]["text"]
    return text


def name_of(body: dict[str, Any]) -> str:
    """The default answer: a heading with the hash of the picture's pixels."""
    image = picture_of(body)
    digest = hashlib.sha256(image.tobytes()).hexdigest()[:16]
    return f"<|ref|>title<|/ref|><|det|>[[10, 20, 900, 60]]<|/det|>\n# Picture {digest}\n"


def completion(text: str, reason: str = "stop", tokens: int = 12) -> web.Response:
    """A complete answer."""
    message = {"role": "assistant", "content": text}
    return web.json_response(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": MODEL,
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 913, "completion_tokens": tokens, "total_tokens": 925},
        }
    )


def chunk(piece: str) -> dict[str, Any]:
    """A chunk of a streamed response."""
    choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}


def refusal(status: int, message: str, **headers: str) -> web.Response:
    """An error in vLLM's format."""
    error = {"message": message, "type": "BadRequestError", "param": None, "code": status}
    return web.json_response({"error": error}, status=status, headers=headers)


def saying(text: str, reason: str = "stop", tokens: int = 12) -> Fault:
    """A fault: another answer."""

    async def fault(request: web.Request) -> web.StreamResponse:
        return completion(text, reason, tokens)

    return fault


def refusing(status: int, message: str = "no", **headers: str) -> Fault:
    """A fault: an error response."""

    async def fault(request: web.Request) -> web.StreamResponse:
        return refusal(status, message, **headers)

    return fault


async def dropping(request: web.Request) -> web.StreamResponse:
    """A fault: the server drops the connection before it answers."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def dying_in_the_stream(request: web.Request) -> web.StreamResponse:
    """A fault: the server drops the connection in the middle of a stream."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(f"data: {json.dumps(chunk('Half an ans'))}\n\n".encode())
    assert request.transport is not None
    request.transport.abort()
    return response


async def streaming_without_end(request: web.Request) -> web.StreamResponse:
    """A fault: pieces of text follow each other until the client leaves."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    piece = f"data: {json.dumps(chunk('word ' * 10_000))}\n\n".encode()
    with suppress(ConnectionError):
        while True:
            await response.write(piece)
    return response


async def hanging(request: web.Request) -> web.StreamResponse:
    """A fault: the server never answers."""
    await asyncio.sleep(3600)
    return web.Response()


@cache
def spaces() -> bytes:
    """200 MB of spaces, compressed once: that takes a second."""
    return zlib.compress(b" " * 200_000_000)


async def replying_compressed(request: web.Request) -> web.StreamResponse:
    """A fault: a small body that becomes a large one where a client unpacks it."""
    data = spaces()
    headers = {"Content-Encoding": "deflate", "Content-Type": "application/json"}
    return web.Response(body=data, headers=headers)


async def replying_in_one_line(request: web.Request) -> web.StreamResponse:
    """A fault: a stream whose first line does not end."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(b"data: " + b"x" * 5_000_000)
    return response


def redirecting(target: str) -> Fault:
    """A fault: a redirect that asks the client to send the page to ``target``."""

    async def fault(request: web.Request) -> web.StreamResponse:
        raise web.HTTPTemporaryRedirect(target)

    return fault


async def replying_with_html(request: web.Request) -> web.StreamResponse:
    """A fault: the HTML page of a proxy."""
    return web.Response(text="<html>Welcome</html>", content_type="text/html")


@contextmanager
def serving(server: OpenAiServer | None = None, port: int = 0) -> Iterator[OpenAiServer]:
    """Run the server in a thread while the block runs."""
    server = server or OpenAiServer()
    loop, started, stopping = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def run() -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/chat/completions", server.chat)
        app.router.add_get("/v1/models", server.models)
        app.router.add_get("/health", server.health)
        app.router.add_get("/version", server.version)
        # A cancelled handler shows that the client disconnected.
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        server.port = runner.addresses[0][1]
        started.set()
        await stopping.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert started.wait(20)

    def stop() -> None:
        if thread.is_alive():
            loop.call_soon_threadsafe(stopping.set)
            thread.join(20)

    server.stop = stop
    try:
        yield server
    finally:
        stop()
        loop.close()
