"""DeepSeek-OCR on vLLM: one engine in its own process, fed by one event loop.

Helper processes prepare the pages completely, so this process only forwards them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.config.environment import hidden_credentials, set_vllm_defaults, visible_gpus
from shared.config.hardware import gpu_memory
from shared.config.settings import Settings
from shared.document.control_characters import strip_control
from shared.domain.catalogue import CATALOGUE
from shared.domain.errors import EngineDead, EngineUnavailable, HelperUnavailable, UsageError
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import EngineInfo
from workers.engines.contract import Reading, RenderedPage, RenderPlan
from workers.engines.deepseek.completion import Completion
from workers.engines.deepseek.drafts.placeholders import REFERENCE_TOKENS
from workers.engines.deepseek.drafts.reference import reference_tokens
from workers.engines.deepseek.drafts.replay import replayed
from workers.engines.deepseek.drafts.request import REPLAY, packed
from workers.engines.deepseek.fallback.page_halves import halves
from workers.engines.deepseek.fallback.sampling import (
    SAMPLING_STEPS,
    SamplingSettings,
)
from workers.engines.deepseek.fallback.sampling_fallback import SamplingFallback
from workers.engines.deepseek.generation_request import GenerationRequest, generation_request
from workers.engines.deepseek.modes import Family, mode_for
from workers.engines.deepseek.page_plan import picture_plan
from workers.engines.deepseek.parsed_answer import ParsedAnswer, parse_answer
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prepared import write_page
from workers.engines.deepseek.prompt.encoder import PromptEncoder
from workers.engines.deepseek.prompt.token_ids import GROUNDING_TAG
from workers.engines.vllm.arguments import drafts, engine_arguments
from workers.engines.vllm.async_engine import AsyncEngine
from workers.engines.vllm.batch_sizes import fitted, page_room, plan_sizes
from workers.engines.vllm.checkpoint import check_parallel, examine
from workers.engines.vllm.crash_report import CrashReport
from workers.engines.vllm.gpus import check_gpus
from workers.engines.vllm.load_lock import load_lock
from workers.engines.vllm.oom_batch_limit import OomBatchLimit, engine_file
from workers.engines.vllm.page_input import page_input
from workers.engines.vllm.sampling_params import sampling_params
from workers.engines.vllm.versions import installed
from workers.host.scratch import Scratch

log = logging.getLogger("pagefleet.engine")
_NOT_RUNNING = "the engine is not running; start the worker again"
TASKS = CATALOGUE["vllm"].tasks


class VllmEngine:
    """Many pages in flight; every read raises EngineDead after the engine died."""

    tasks = TASKS

    def __init__(self, settings: Settings, model: str) -> None:
        """Loads nothing yet; raises EngineUnavailable if the engine can't run here."""
        self._settings = settings
        vllm = installed()
        self._version = vllm.version
        self.info = EngineInfo(
            name="vllm",
            model=model,
            version=f"vllm-{vllm.version}",
            revision=settings.revision,
        )
        checkpoint = examine(model, weights=settings.vllm_load_format != "dummy")
        check_parallel(checkpoint, settings.tensor_parallel_size, settings.pipeline_parallel_size)
        self._family = checkpoint.family
        check_mode(settings, model, checkpoint.family)
        memory = gpu_memory()
        check_gpus(settings, model, memory, needed=vllm.for_gpus)
        self._engines = settings.engines_per_gpu
        place = f"{memory} {visible_gpus()} {settings.engine_slot}"
        self._report = CrashReport(engine_file(settings.home, model, place, "crash"))
        oom_limit = OomBatchLimit(engine_file(settings.home, model, place, "limit"))
        gpu_share = min(memory) // self._engines if memory else None
        room = page_room() // self._engines
        self._sizes = plan_sizes(settings, gpu_share, oom_limit.limit, room)
        stall_s = settings.engine_stall_s
        self._async_engine = AsyncEngine(self._report, oom_limit, self._sizes.batch, stall_s)
        self._scratch: Scratch | None = None
        self._encoder: PromptEncoder | None = None
        self._tokenizer: Any = None

    @property
    def capacity(self) -> int:
        """Pages that may be in flight; after ``start`` at most what the engine's cache holds."""
        return self._sizes.capacity

    def plan(self, options: PageOptions) -> RenderPlan:
        """Render at the size of the model's input; with ``exact``, as the official script does."""
        return picture_plan(options, self._family)

    async def start(self) -> None:
        """Load and warm up; raises EngineUnavailable."""
        self._scratch = Scratch()
        set_vllm_defaults(self._settings.log_level, self._scratch.folder)
        arguments = engine_arguments(
            self._settings, self.info.model, self._sizes, self._report, self._engines
        )
        engine = self._async_engine
        # The engine's processes inherit the environment, and need neither broker nor store.
        with load_lock(self._settings, self._engines), hidden_credentials():
            engine.load(arguments, self._version)
        self._sizes = fitted(self._sizes, engine.cache_tokens)
        self._tokenizer = engine.tokenizer
        self._encoder = PromptEncoder(self._encode, self._family, engine.longest)
        log.info(
            "vLLM %s: batch of %d pages, KV cache of %d tokens",
            self._version, self._sizes.batch, engine.cache_tokens,
        )  # fmt: skip

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids

    def _decode(self, completion: Completion) -> str:
        text: str = self._tokenizer.decode(completion.text_ids, skip_special_tokens=False)
        return text

    async def read(self, view: RenderedPage) -> Reading:
        """The page as Markdown and blocks; raises PageError, or EngineDead."""

        def parse(request: GenerationRequest, completion: Completion) -> ParsedAnswer:
            return parse_answer(self._decode(completion), request.options.task)

        request = await self._drafted(self._request(view), view)
        return await SamplingFallback(self._ask, parse, halves).run(request)

    def _request(self, view: RenderedPage) -> GenerationRequest:
        if self._encoder is None:
            raise EngineDead(_NOT_RUNNING)
        return generation_request(view, self._encoder)

    async def _drafted(self, request: GenerationRequest, view: RenderedPage) -> GenerationRequest:
        """``request`` with a text to draft from, where the page has one."""
        if not drafts(self._settings) or not view.layer:
            return request
        grounded = GROUNDING_TAG in request.prompt
        # The tokenizer frees the interpreter while it works.
        tokens = await asyncio.to_thread(
            reference_tokens, view.layer, self._encode, grounded=grounded
        )
        noise = self._settings.bench_draft_noise
        length = self._settings.bench_output_tokens or request.room
        answer = () if noise is None else replayed(tokens, noise, length)
        return replace(request, reference=tuple(tokens[:REFERENCE_TOKENS]), replay=answer)

    async def _ask(self, request: GenerationRequest, sampling: SamplingSettings) -> Completion:
        async with self._page_file(request) as path:
            page, params, name = self._engine_input(request, sampling, path, streaming=False)
            completion = await self._async_engine.ask(page, params, name)
        if self._settings.bench_output_tokens is not None:
            return Completion(completion.token_ids, "stop", completion.prompt_tokens)
        return completion

    @asynccontextmanager
    async def _page_file(self, request: GenerationRequest) -> AsyncIterator[Path]:
        """The file from which the engine reads the page, until the answer is complete.

        Raises HelperUnavailable if it can't be written, or disappeared in the meantime.
        """
        path = request.prepared or await self._write_half(request.page)
        try:
            yield path
            if not path.exists():
                # The engine may have read zeros instead, so the answer can't be trusted.
                raise HelperUnavailable(f"{path} is gone, from which the engine read the page")
        finally:
            if request.prepared is None:
                path.unlink(missing_ok=True)

    async def _write_half(self, page: Picture | Views) -> Path:
        if self._scratch is None:
            raise EngineDead(_NOT_RUNNING)
        path = self._scratch.new_path(".half")
        try:
            await asyncio.to_thread(write_page, page, path)
        except BaseException as error:
            path.unlink(missing_ok=True)
            if not isinstance(error, OSError):
                raise
            raise HelperUnavailable(f"no room for half a page in {path.parent}: {error}") from None
        return path

    def _engine_input(
        self, request: GenerationRequest, sampling: SamplingSettings, path: Path, *, streaming: bool
    ) -> tuple[Any, Any, str]:
        """vLLM's input, sampling parameters and request name."""
        length = self._settings.bench_output_tokens
        params = sampling_params(
            sampling, request.room, length, streaming=streaming, reference=request.reference
        )
        params.extra_args |= {REPLAY: packed(request.replay)} if request.replay else {}
        name = self._async_engine.new_name()
        return page_input(request, path, name), params, name

    async def stream(self, view: RenderedPage) -> AsyncIterator[str]:
        """The model's text, piece by piece, without retries."""
        request = await self._drafted(self._request(view), view)
        async with self._page_file(request) as path:
            page, params, name = self._engine_input(
                request, SAMPLING_STEPS[0], path, streaming=True
            )
            async with aclosing(self._async_engine.stream(page, params, name)) as pieces:
                async for piece in pieces:
                    yield strip_control(piece.text)

    async def stop(self) -> None:
        """End the engine; pages in flight raise EngineDead."""
        self._encoder = None
        await self._async_engine.stop()
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            scratch.close()


def check_mode(settings: Settings, model: str, family: Family) -> None:
    """Raise EngineUnavailable if the model does not support the deployment's default mode."""
    fields = ("resolution", "crop_mode", "max_tiles")
    mode = {name: getattr(settings, name) for name in fields}
    try:
        mode_for(PageOptions(engine="vllm", model=model, **mode), family)
    except UsageError as error:
        raise EngineUnavailable(error.message) from None
