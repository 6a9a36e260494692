"""DeepSeek-OCR and DeepSeek-OCR-2 with transformers' own classes; for development, GPU or CPU.

Waiting pages go through the model as one batch; a page that arrives later waits for the next
batch, so the vLLM engine is many times faster.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from shared.config.hardware import has_nvidia_device
from shared.config.settings import Settings
from shared.document.control_characters import strip_control
from shared.domain.catalogue import CATALOGUE
from shared.domain.errors import EngineDead, UsageError
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import EngineInfo
from workers.engines.contract import Reading, RenderedPage, RenderPlan
from workers.engines.deepseek.completion import Completion
from workers.engines.deepseek.fallback.page_halves import halves
from workers.engines.deepseek.fallback.sampling import SAMPLING_STEPS, SamplingSettings
from workers.engines.deepseek.fallback.sampling_fallback import SamplingFallback
from workers.engines.deepseek.generation_request import GenerationRequest, generation_request
from workers.engines.deepseek.page_plan import views_plan
from workers.engines.deepseek.parsed_answer import ParsedAnswer, parse_answer
from workers.engines.deepseek.pixels import Views, views_of
from workers.engines.deepseek.prompt.encoder import PromptEncoder
from workers.engines.transformers.batch_request import BatchRequest
from workers.engines.transformers.batches import Batches
from workers.engines.transformers.configuration import family_in
from workers.engines.transformers.loading import Loaded, installed_version, load, read_config
from workers.host.attention import transformers_attention

log = logging.getLogger("pagefleet.engine")
GPU_BATCH, CPU_BATCH = 16, 2
_NOT_RUNNING = "the engine is not running; start the worker again"


class TransformersEngine:
    """Reads pages in batches, one batch at a time."""

    tasks = CATALOGUE["transformers"].tasks

    def __init__(self, settings: Settings, model: str) -> None:
        """Checks the checkpoint's configuration only; raises EngineUnavailable or UsageError."""
        if settings.tensor_parallel_size * settings.pipeline_parallel_size > 1:
            raise UsageError("the transformers engine uses one GPU; only vllm splits a model")
        version = f"transformers-{installed_version()}"
        revision = settings.revision
        self.info = EngineInfo(name="transformers", model=model, version=version, revision=revision)
        self._family = family_in(read_config(model, revision), model)
        default = GPU_BATCH if has_nvidia_device() else CPU_BATCH
        self._batch = default if settings.batch_size == "auto" else settings.batch_size
        chosen = settings.max_concurrency
        self.capacity = with_ahead(self._batch) if chosen == "auto" else chosen
        self._settings = settings
        self._loaded: Loaded | None = None
        self._encoder: PromptEncoder | None = None
        self._batches: Batches | None = None

    def plan(self, options: PageOptions) -> RenderPlan:
        """Render at the size of the model's input; with ``exact``, as the official script does."""
        return views_plan(options, self._family)

    async def start(self) -> None:
        """Load the model; raises EngineUnavailable."""
        from workers.engines.transformers.generation import generate

        loaded = await asyncio.to_thread(
            load, self.info.model, self._settings.max_model_len, self.info.revision
        )
        attention = transformers_attention()
        log.info("loaded %s, attention %s: %s", self.info.model, attention.name, attention.reason)
        self._loaded = loaded
        encode = partial(loaded.tokenizer.encode, add_special_tokens=False)
        self._encoder = PromptEncoder(encode, self._family, self._settings.max_model_len)
        self._batches = Batches(partial(generate, loaded), self._batch)

    async def read(self, view: RenderedPage) -> Reading:
        """The page as Markdown and blocks; raises PageError, or EngineDead."""

        def parse(request: GenerationRequest, completion: Completion) -> ParsedAnswer:
            return parse_answer(self._decode(completion), request.options.task)

        request = self._request(view)
        return await SamplingFallback(self._ask, parse, halves).run(request)

    def _request(self, view: RenderedPage) -> GenerationRequest:
        if self._encoder is None:
            raise EngineDead(_NOT_RUNNING)
        return generation_request(view, self._encoder)

    async def _ask(self, request: GenerationRequest, sampling: SamplingSettings) -> Completion:
        # Half a page is a picture, whose views do not exist yet.
        views = await asyncio.to_thread(views_of, request.page)
        if self._batches is None:
            raise EngineDead(_NOT_RUNNING)
        return await self._batches.ask(self._batch_request(request, views, sampling))

    def _batch_request(
        self, request: GenerationRequest, views: Views, sampling: SamplingSettings
    ) -> BatchRequest:
        ids, room = request.token_ids, request.room
        fixed_length = self._settings.bench_output_tokens
        if fixed_length is not None:
            return BatchRequest(ids, views, sampling, min(room, fixed_length), fixed=True)
        return BatchRequest(ids, views, sampling, room)

    def _decode(self, completion: Completion) -> str:
        assert self._loaded is not None
        text: str = self._loaded.tokenizer.decode(completion.text_ids, skip_special_tokens=False)
        return text

    async def stream(self, view: RenderedPage) -> AsyncIterator[str]:
        """The model's text, piece by piece, without retries."""
        request = self._request(view)
        batch_request = self._batch_request(request, views_of(request.page), SAMPLING_STEPS[0])
        from transformers import AsyncTextIteratorStreamer

        from workers.engines.transformers.generation import generate

        assert self._loaded is not None
        pieces: Any = AsyncTextIteratorStreamer(self._loaded.tokenizer, skip_prompt=True)
        running = asyncio.ensure_future(
            asyncio.to_thread(generate, self._loaded, [batch_request], pieces)
        )
        running.add_done_callback(lambda _: pieces.end())
        try:
            async for piece in pieces:
                yield strip_control(piece.replace("<｜end▁of▁sentence｜>", ""))
            await running
        finally:
            batch_request.cancelled.set()
            running.cancel()

    async def stop(self) -> None:
        """Free the model; pages in flight raise EngineDead."""
        batches, self._batches = self._batches, None
        self._encoder = self._loaded = None
        if batches is not None:
            await batches.stop()


def with_ahead(batch: int) -> int:
    """Pages in flight: one batch, and pages that are prepared for the next one."""
    return batch + max(2, batch // 2)
