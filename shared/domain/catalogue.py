"""Facts about each engine that producer, workers, chart and docs need without importing it.

To add an engine, write its class and add one entry to ``CATALOGUE``; see
docs/development/add-an-engine.md.
"""

from dataclasses import dataclass

from shared.domain.errors import UsageError
from shared.domain.tasks import Task

#: Lets the settings choose the engine of each machine.
AUTO = "auto"
ALL_TASKS = frozenset(Task)


@dataclass(frozen=True)
class AutoStart:
    """What a machine must have for the engine setting ``auto`` to start an engine on it."""

    #: Importable packages.
    packages: tuple[str, ...] = ()
    gpu: bool = False


@dataclass(frozen=True)
class EngineDescription:
    """Cells of the table of engines in docs/engines.md, as Markdown."""

    reads_with: str
    runs_on: str
    needs: str = "nothing"


@dataclass(frozen=True)
class EngineFacts:
    """One engine; its place in ``CATALOGUE`` is its rank where ``auto`` chooses."""

    #: "module:callable", imported by workers only and called with (Settings, model name).
    factory: str
    default_model: str
    #: Pages per second of one worker, measured (docs/benchmarks.md); used for estimates only.
    pages_per_s: float
    description: EngineDescription
    tasks: frozenset[Task] = ALL_TASKS
    #: Short names of models. Engines with short names have no other models.
    models: tuple[tuple[str, str], ...] = ()
    #: Its models are repositories at the Hugging Face hub, which can be pinned to a revision.
    has_revisions: bool = False
    #: One worker process is started for each group of GPUs.
    owns_gpus: bool = False
    #: Several worker processes may use the same GPU (setting ``engines_per_gpu``).
    shares_gpus: bool = False
    #: "module:function" that returns the attention backend on this machine, for doctor.
    attention: str | None = None
    #: None: ``auto`` never starts this engine.
    auto_start: AutoStart | None = None
    #: ``auto`` submits to this engine where the fleet declares a pool of it.
    auto_submit: bool = True
    #: Whether it returns the text of the page, whose quality can be judged.
    reads_text: bool = True

    def full_model(self, model: str | None) -> str:
        """The full name of ``model``; the default model for None.

        Raises UsageError for an unknown model of an engine that has short names.
        """
        short = dict(self.models)
        full = short.get(model or "", model or self.default_model)
        if short and full not in short.values():
            choices = ", ".join([*short, *short.values()])
            raise UsageError(f"the engine has no model {model!r}; use one of: {choices}")
        return full


CATALOGUE: dict[str, EngineFacts] = {
    "vllm": EngineFacts(
        factory="workers.engines.vllm.engine:VllmEngine",
        default_model="deepseek-ai/DeepSeek-OCR",
        pages_per_s=10.0,
        description=EngineDescription(
            "DeepSeek-OCR, DeepSeek-OCR-2 ([vLLM](vllm.md))", "NVIDIA GPU", "extra `gpu`"
        ),
        has_revisions=True,
        owns_gpus=True,
        shares_gpus=True,
        attention="workers.host.attention:vllm_attention",
        auto_start=AutoStart(packages=("vllm",), gpu=True),
    ),
    "transformers": EngineFacts(
        factory="workers.engines.transformers.engine:TransformersEngine",
        default_model="deepseek-ai/DeepSeek-OCR-2",
        pages_per_s=0.5,
        description=EngineDescription(
            "DeepSeek-OCR-2, DeepSeek-OCR",
            "GPU or CPU, for development",
            "extra `transformers`",
        ),
        has_revisions=True,
        owns_gpus=True,
        attention="workers.host.attention:transformers_attention",
    ),
    "openai": EngineFacts(
        factory="workers.engines.openai.engine:OpenAiEngine",
        default_model="deepseek-ai/DeepSeek-OCR",
        pages_per_s=6.0,
        description=EngineDescription(
            "the models that an OpenAI-compatible server serves", "anything", "`--engine-url`"
        ),
    ),
    "cpu": EngineFacts(
        factory="workers.engines.cpu.engine:CpuEngine",
        default_model="ppocrv6-small",
        pages_per_s=0.4,
        description=EngineDescription("PP-OCR lines, PyMuPDF layout", "CPU"),
        tasks=frozenset({Task.MARKDOWN, Task.FREE_OCR, Task.OCR, Task.LAYOUT}),
        models=(("small", "ppocrv6-small"), ("tiny", "ppocrv6-tiny")),
        auto_start=AutoStart(),
    ),
    "fake": EngineFacts(
        factory="workers.engines.fake.engine:FakeEngine",
        default_model="fake-1",
        pages_per_s=300.0,
        description=EngineDescription("nothing: known text for tests", "anything"),
        has_revisions=True,
        auto_submit=False,
        reads_text=False,
    ),
}


def engine_facts(name: str) -> EngineFacts:
    """Facts of the engine called ``name``; raises UsageError."""
    try:
        return CATALOGUE[name]
    except KeyError:
        choices = ", ".join([AUTO, *CATALOGUE])
        raise UsageError(f"unknown engine {name!r}; use one of: {choices}") from None


def engine_choices() -> str:
    """Every value of the engine setting, for help texts: "auto, vllm, … or fake"."""
    *names, last = [AUTO, *CATALOGUE]
    return f"{', '.join(names)} or {last}"


def model_choices() -> str:
    """The engines whose models have short names, for help texts: "cpu: small or tiny"."""
    return "; ".join(
        f"{name}: {' or '.join(dict(facts.models))}"
        for name, facts in CATALOGUE.items()
        if facts.models
    )


def check_task(engine: str, task: Task) -> None:
    """Raise UsageError, naming the engines that can, where ``engine`` can't do ``task``."""
    if task in engine_facts(engine).tasks:
        return
    able = ", ".join(name for name, facts in CATALOGUE.items() if task in facts.tasks)
    raise UsageError(
        f"engine {engine!r} can't do task {task.value!r}; engines that can: {able} (--engine NAME)"
    )
