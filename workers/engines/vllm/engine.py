"""DeepSeek-OCR on vLLM: one engine in a process of its own, fed by one event loop.

Pages come finished from the rendering processes, so this process only hands them on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from shared.config.environment import set_vllm_defaults, visible_gpus
from shared.config.hardware import gpu_memory
from shared.config.settings import Settings
from shared.domain.catalogue import CATALOGUE
from shared.domain.errors import EngineDead, EngineUnavailable, HelperUnavailable, UsageError
from shared.domain.records import EngineInfo, PageOptions
from workers.engines.contract import PageView, Reading, RenderPlan
from workers.engines.deepseek.answers import Answer, read_answer
from workers.engines.deepseek.cleaning import strip_control
from workers.engines.deepseek.completion import Answered
from workers.engines.deepseek.fallback.page_halves import halves
from workers.engines.deepseek.fallback.sampling import RUNGS, Rung, sampling
from workers.engines.deepseek.fallback.sampling_fallback import Ladder
from workers.engines.deepseek.generation_request import Question, question_of
from workers.engines.deepseek.modes import Family, mode_for
from workers.engines.deepseek.page_plan import picture_plan
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prepared import write_page
from workers.engines.vllm.arguments import engine_arguments
from workers.engines.vllm.batch_sizes import fitted, page_room, plan_sizes
from workers.engines.vllm.checkpoint import check_parallel, examine
from workers.engines.vllm.core import Core
from workers.engines.vllm.gpus import check_gpus
from workers.engines.vllm.inputs import Inputs, page_input
from workers.engines.vllm.load_lock import loading_turn
from workers.engines.vllm.oom_batch_limit import Lessons
from workers.engines.vllm.versions import installed
from workers.host.scratch import Scratch

log = logging.getLogger("pagefleet.engine")
_NOT_RUNNING = "the engine is not running; start the worker again"
TASKS = CATALOGUE["vllm"].tasks


class VllmEngine:
    """Many pages in flight; every read raises EngineDead once the engine is gone."""

    tasks = TASKS

    def __init__(self, settings: Settings, model: str) -> None:
        """Nothing is loaded yet; raises EngineUnavailable for what can't work here."""
        self._settings = settings
        found = installed()
        self._version = found.version
        self.info = EngineInfo(name="vllm", model=model, version=f"vllm-{found.version}")
        checkpoint = examine(model, weights=settings.vllm_load_format != "dummy")
        check_parallel(checkpoint, settings.tensor_parallel_size, settings.pipeline_parallel_size)
        self._family = checkpoint.family
        check_mode(settings, model, checkpoint.family)
        memory = gpu_memory()
        check_gpus(settings, model, memory, needed=found.for_gpus)
        self._engines = settings.engines_per_gpu
        place = f"{memory} {visible_gpus()} {settings.engine_slot}"
        self._lessons = Lessons(settings.home, model, place)
        share = min(memory) // self._engines if memory else None
        room = page_room() // self._engines
        self._sizes = plan_sizes(settings, share, self._lessons.limit, room)
        self._core = Core(self._lessons, self._sizes.batch, settings.engine_stall_s)
        self._scratch: Scratch | None = None
        self._inputs: Inputs | None = None
        self._tokenizer: Any = None

    @property
    def capacity(self) -> int:
        """Pages that may be in flight; after ``start`` no more than the engine's cache holds."""
        return self._sizes.capacity

    def plan(self, options: PageOptions) -> RenderPlan:
        """The size that the model sees; with ``exact`` what the official script draws."""
        return picture_plan(options, self._family)

    async def start(self) -> None:
        """Load and warm up; raises EngineUnavailable."""
        set_vllm_defaults(self._settings.log_level)
        arguments = engine_arguments(
            self._settings, self.info.model, self._sizes, self._lessons, self._engines
        )
        core = self._core
        with loading_turn(self._settings, self._engines):
            core.load(arguments, self._version)
        self._scratch = Scratch()
        self._sizes = fitted(self._sizes, core.cache_tokens)
        self._tokenizer = core.tokenizer
        self._inputs = Inputs(self._encode, self._family, core.longest)
        log.info(
            "vLLM %s: %d pages decoded at once, a cache of %d tokens",
            self._version, self._sizes.batch, core.cache_tokens,
        )  # fmt: skip

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False)
        return ids

    def _decode(self, answered: Answered) -> str:
        text: str = self._tokenizer.decode(answered.text_ids, skip_special_tokens=False)
        return text

    async def read(self, view: PageView) -> Reading:
        """The page as Markdown and blocks; raises PageError, or EngineDead."""

        def parse(question: Question, answered: Answered) -> Answer:
            return read_answer(self._decode(answered), question.options.task)

        return await Ladder(self._ask, parse, halves).climb(question_of(view, self._family))

    async def _ask(self, question: Question, rung: Rung) -> Answered:
        async with self._place(question) as place:
            asked, wanted, name = self._request(question, rung, place, streaming=False)
            answered = await self._core.ask(asked, wanted, name)
        if self._settings.bench_output_tokens is not None:
            return Answered(answered.token_ids, "stop", answered.prompt_tokens)
        return answered

    @asynccontextmanager
    async def _place(self, question: Question) -> AsyncIterator[Path]:
        """The file from which the engine reads the page, until it has answered.

        Raises HelperUnavailable where there is no room for it, or it did not last.
        """
        place = question.prepared or await self._written(question.page)
        try:
            yield place
            if not place.exists():
                # Then the engine may have read nothing, and the answer is about that.
                raise HelperUnavailable(f"{place} is gone, from which the engine read the page")
        finally:
            if question.prepared is None:
                place.unlink(missing_ok=True)

    async def _written(self, page: Picture | Views) -> Path:
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

    def _request(
        self, question: Question, rung: Rung, place: Path, *, streaming: bool
    ) -> tuple[Any, Any, str]:
        inputs = self._inputs
        if inputs is None:
            raise EngineDead(_NOT_RUNNING)
        ids = inputs.token_ids(question.prompt, question.options, question.page)
        length = self._settings.bench_output_tokens
        wanted = sampling(rung, inputs.room(ids), length, streaming=streaming)
        name = self._core.new_name()
        return page_input(ids, question.page, place, name), wanted, name

    async def stream(self, view: PageView) -> AsyncIterator[str]:
        """The answer's own text as it is made."""
        question = question_of(view, self._family)
        async with self._place(question) as place:
            asked, wanted, name = self._request(question, RUNGS[0], place, streaming=True)
            async with aclosing(self._core.stream(asked, wanted, name)) as pieces:
                async for piece in pieces:
                    yield strip_control(piece.text)

    async def stop(self) -> None:
        """End the engine; pages with it raise EngineDead."""
        self._inputs = None
        await self._core.stop()
        scratch, self._scratch = self._scratch, None
        if scratch is not None:
            scratch.close()


def check_mode(settings: Settings, model: str, family: Family) -> None:
    """Raise EngineUnavailable where the deployment's own mode is not one of the model's."""
    fields = ("resolution", "crop_mode", "max_tiles")
    chosen = {name: getattr(settings, name) for name in fields}
    try:
        mode_for(PageOptions(engine="vllm", model=model, **chosen), family)
    except UsageError as error:
        raise EngineUnavailable(error.message) from None
