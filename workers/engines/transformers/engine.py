"""DeepSeek-OCR and DeepSeek-OCR-2 by transformers' own classes: for development, GPU or not.

Pages of one moment go through the model in batches; a page that arrives later waits for the
next one, so the vLLM engine is many times faster.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from shared.config.hardware import has_nvidia_device
from shared.config.settings import Settings
from shared.domain.catalogue import CATALOGUE
from shared.domain.errors import EngineDead, UsageError
from shared.domain.records import EngineInfo, PageOptions
from workers.engines.contract import PageView, Reading, RenderPlan
from workers.engines.deepseek.answers import Answer, read_answer
from workers.engines.deepseek.cleaning import strip_control
from workers.engines.deepseek.completion import Answered
from workers.engines.deepseek.fallback.page_halves import halves
from workers.engines.deepseek.fallback.sampling import RUNGS, Rung
from workers.engines.deepseek.fallback.sampling_fallback import Ladder
from workers.engines.deepseek.generation_request import Question, question_of
from workers.engines.deepseek.page_plan import views_plan
from workers.engines.deepseek.pixels import Views, views_of
from workers.engines.transformers.batches import Batches
from workers.engines.transformers.configuration import family_in
from workers.engines.transformers.generation_request import Asked
from workers.engines.transformers.loading import Loaded, installed_version, load, read_config
from workers.engines.vllm.inputs import Inputs
from workers.host.attention import transformers_attention

log = logging.getLogger("pagefleet.engine")
GPU_BATCH, CPU_BATCH = 16, 2
_NOT_RUNNING = "the engine is not running; start the worker again"


class TransformersEngine:
    """Batches of pages, one batch at a time."""

    tasks = CATALOGUE["transformers"].tasks

    def __init__(self, settings: Settings, model: str) -> None:
        """Looks at the checkpoint, loads nothing; raises EngineUnavailable or UsageError."""
        if settings.tensor_parallel_size * settings.pipeline_parallel_size > 1:
            raise UsageError("the transformers engine uses one GPU; only vllm splits a model")
        version = f"transformers-{installed_version()}"
        self.info = EngineInfo(name="transformers", model=model, version=version)
        self._family = family_in(read_config(model), model)
        usual = GPU_BATCH if has_nvidia_device() else CPU_BATCH
        self._batch = usual if settings.batch_size == "auto" else settings.batch_size
        chosen = settings.max_concurrency
        self.capacity = self._batch + max(2, self._batch // 2) if chosen == "auto" else chosen
        self._settings = settings
        self._loaded: Loaded | None = None
        self._inputs: Inputs | None = None
        self._batches: Batches | None = None

    def plan(self, options: PageOptions) -> RenderPlan:
        """The size that the model sees; with ``exact`` what the official script draws."""
        return views_plan(options, self._family)

    async def start(self) -> None:
        """Load the model; raises EngineUnavailable."""
        from workers.engines.transformers.generation import generate

        loaded = await asyncio.to_thread(load, self.info.model, self._settings.max_model_len)
        attention = transformers_attention()
        log.info("loaded %s, attention %s: %s", self.info.model, attention.name, attention.reason)
        self._loaded = loaded
        encode = partial(loaded.tokenizer.encode, add_special_tokens=False)
        self._inputs = Inputs(encode, self._family, self._settings.max_model_len)
        self._batches = Batches(partial(generate, loaded), self._batch)

    async def read(self, view: PageView) -> Reading:
        """The page as Markdown and blocks; raises PageError, or EngineDead."""

        def parse(question: Question, answered: Answered) -> Answer:
            return read_answer(self._decode(answered), question.options.task)

        return await Ladder(self._ask, parse, halves).climb(question_of(view, self._family))

    async def _ask(self, question: Question, rung: Rung) -> Answered:
        # Those of half a page are still to be made.
        views = await asyncio.to_thread(views_of, question.page)
        if self._batches is None:
            raise EngineDead(_NOT_RUNNING)
        return await self._batches.ask(self._asked(question, views, rung))

    def _asked(self, question: Question, views: Views, rung: Rung) -> Asked:
        if self._inputs is None:
            raise EngineDead(_NOT_RUNNING)
        ids = self._inputs.token_ids(question.prompt, question.options, views)
        room, wanted = self._inputs.room(ids), self._settings.bench_output_tokens
        if wanted is not None:
            return Asked(ids, views, rung, min(room, wanted), fixed=True)
        return Asked(ids, views, rung, room)

    def _decode(self, answered: Answered) -> str:
        assert self._loaded is not None
        text: str = self._loaded.tokenizer.decode(answered.text_ids, skip_special_tokens=False)
        return text

    async def stream(self, view: PageView) -> AsyncIterator[str]:
        """The answer's own text as it is made."""
        question = question_of(view, self._family)
        asked = self._asked(question, views_of(question.page), RUNGS[0])
        from transformers import AsyncTextIteratorStreamer

        from workers.engines.transformers.generation import generate

        assert self._loaded is not None
        pieces: Any = AsyncTextIteratorStreamer(self._loaded.tokenizer, skip_prompt=True)
        running = asyncio.ensure_future(asyncio.to_thread(generate, self._loaded, [asked], pieces))
        running.add_done_callback(lambda _: pieces.end())
        try:
            async for piece in pieces:
                yield strip_control(piece.replace("<｜end▁of▁sentence｜>", ""))
            await running
        finally:
            asked.let_go.set()
            running.cancel()

    async def stop(self) -> None:
        """Free the model; pages with it raise EngineDead."""
        batches, self._batches = self._batches, None
        self._inputs = self._loaded = None
        if batches is not None:
            await batches.stop()
