"""Reads pages with an external OpenAI-compatible server, such as ``vllm serve``."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shared.config.hardware import has_package
from shared.config.settings import Settings
from shared.document.control_characters import strip_control
from shared.domain.catalogue import CATALOGUE
from shared.domain.errors import (
    EngineDead,
    EngineFailed,
    EngineUnavailable,
    EngineUnreachable,
    HelperUnavailable,
    UsageError,
)
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import EngineInfo
from workers.engines.contract import Reading, RenderedPage, RenderPlan
from workers.engines.deepseek.fallback.sampling import SAMPLING_STEPS, SamplingSettings
from workers.engines.deepseek.fallback.sampling_fallback import SamplingFallback
from workers.engines.deepseek.modes import Family, family_of
from workers.engines.deepseek.page_plan import page_plan
from workers.engines.deepseek.parsed_answer import ParsedAnswer, parse_answer
from workers.engines.openai.completion import Completion, read_completion
from workers.engines.openai.page_picture import as_image
from workers.engines.openai.picture_halves import picture_halves
from workers.engines.openai.request import GenerationRequest, chat_body, is_default_mode

if TYPE_CHECKING:
    from workers.engines.openai.server import Server

log = logging.getLogger("pagefleet.engine")
#: Requests in flight; more would only fill the server's own queue.
CAPACITY = 128
#: Characters of the server's model names in a message.
MAX_NAMES = 300
#: Seconds between retries while the server is unreachable or busy; then the page is released.
PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
PREPARE = "workers.engines.openai.page_picture:write_picture"


class OpenAiEngine:
    """Many requests in flight; a server outage costs no page an attempt."""

    tasks = CATALOGUE["openai"].tasks

    def __init__(
        self, settings: Settings, model: str, pauses_s: Sequence[float] = PAUSES_S
    ) -> None:
        """Contacts nothing yet; raises UsageError for an invalid address."""
        self.info = EngineInfo(name="openai", model=model, version="unknown")
        chosen = settings.max_concurrency
        self.capacity = CAPACITY if chosen == "auto" else chosen
        self._settings = settings
        self._pauses_s = pauses_s
        self._family = family_of(model)
        self._url = checked_url(settings.engine_url)
        self._longest = settings.max_model_len
        self._server: Server | None = None

    def plan(self, options: PageOptions) -> RenderPlan:
        """Render at the size of the model's input; with ``exact``, as the official script does."""
        if not (is_default_mode(options) or self._settings.engine_server_modes):
            raise EngineFailed(
                "the server reads pages in gundam mode with up to 6 tiles; set "
                "engine_server_modes if it honours mm_processor_kwargs"
            )
        return page_plan(options, self._family, PREPARE)

    async def start(self) -> None:
        """Check that the server serves the model; raises EngineUnavailable with advice."""
        self._server = self._connect()
        try:
            await self._check_model(self._server)
        except EngineUnreachable as error:
            await self.stop()
            raise EngineUnavailable(f"{error.message}; check --engine-url") from None
        except EngineUnavailable:
            await self.stop()
            raise

    def _connect(self) -> "Server":
        if not has_package("aiohttp"):
            raise EngineUnavailable("the openai engine needs aiohttp; run: pip install aiohttp")
        from workers.engines.openai.server import Server

        secret = self._settings.engine_api_key
        key = secret.get_secret_value() if secret is not None else None
        timeout_s = self._settings.engine_timeout_s
        return Server(self._url, key, self.capacity, timeout_s, self._pauses_s)

    async def _check_model(self, server: "Server") -> None:
        served = await server.models()
        cards = [card for card in served if card.id == self.info.model]
        if not cards:
            names = ", ".join(card.id for card in served)[:MAX_NAMES] or "nothing"
            raise EngineUnavailable(
                f"the server {self._url} serves {names}, not {self.info.model}; choose with --model"
            )
        self._longest = cards[0].max_model_len or self._longest
        version = await server.version()
        software = f"vllm-{version}" if version else "not vllm"
        self.info = self.info.model_copy(update={"version": software})
        log.info("the server %s serves %s (%s)", self._url, self.info.model, software)

    async def read(self, view: RenderedPage) -> Reading:
        """The page as Markdown and blocks; raises PageError, or TransientError for the server."""
        request = _generation_request(view, self._family)
        return await SamplingFallback(self._ask, _parse, picture_halves).run(request)

    async def _ask(self, request: GenerationRequest, sampling: SamplingSettings) -> Completion:
        server, body = self._request(request, sampling)
        return read_completion(await server.complete(body))

    def _request(
        self, request: GenerationRequest, sampling: SamplingSettings
    ) -> "tuple[Server, dict[str, Any]]":
        if self._server is None:
            raise EngineDead("the openai engine is not running; start the worker again")
        return self._server, chat_body(request, self.info.model, sampling, self._longest)

    async def stream(self, view: RenderedPage) -> AsyncIterator[str]:
        """The model's text, piece by piece, without retries."""
        server, body = self._request(_generation_request(view, self._family), SAMPLING_STEPS[0])
        async with aclosing(server.stream(body)) as pieces:
            async for piece in pieces:
                text = piece.choices[0].delta.content if piece.choices else None
                if text:
                    yield strip_control(text)

    async def stop(self) -> None:
        """Close the connections; pages in flight raise TransientError."""
        server, self._server = self._server, None
        if server is not None:
            await server.close()


def checked_url(url: str | None) -> str:
    """``url`` if it is a server address without a password; raises UsageError otherwise."""
    if url is None:
        raise UsageError("the openai engine needs --engine-url http://host:8000")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise UsageError(f"--engine-url {url!r} is not an address such as http://host:8000")
    if parts.username or parts.password:
        raise UsageError("--engine-url must not contain a password; set PAGEFLEET_ENGINE_API_KEY")
    return url


def _generation_request(view: RenderedPage, family: Family) -> GenerationRequest:
    if view.prepared is None:
        raise EngineFailed(f"page {view.page} came without its picture")
    try:
        picture = view.prepared.read_bytes()
        size = as_image(picture).size
    except OSError as error:
        raise HelperUnavailable(f"the image of page {view.page} was removed: {error}") from None
    return GenerationRequest(view.options, picture, size, family)


def _parse(request: GenerationRequest, completion: Completion) -> ParsedAnswer:
    return parse_answer(completion.text, request.options.task)
