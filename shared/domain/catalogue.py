"""What every side may know of an engine without importing it."""

from dataclasses import dataclass

from shared.domain.errors import UsageError
from shared.domain.tasks import Task

_ALL = frozenset(Task)


@dataclass(frozen=True)
class EngineFacts:
    """An engine's default model and the tasks it can do."""

    default_model: str
    tasks: frozenset[Task]
    #: Short names that people may use for a model.
    models: tuple[tuple[str, str], ...] = ()

    def full_model(self, model: str | None) -> str:
        """The model's full name.

        An unknown name stands for itself, unless the engine has but those with short names: then
        it raises UsageError.
        """
        short = dict(self.models)
        full = short.get(model or "", model or self.default_model)
        if short and full not in short.values():
            known = ", ".join([*short, *short.values()])
            raise UsageError(f"the engine has no model {model!r}; use one of: {known}")
        return full


CATALOGUE: dict[str, EngineFacts] = {
    "vllm": EngineFacts("deepseek-ai/DeepSeek-OCR", _ALL),
    "transformers": EngineFacts("deepseek-ai/DeepSeek-OCR-2", _ALL),
    "openai": EngineFacts("deepseek-ai/DeepSeek-OCR", _ALL),
    "cpu": EngineFacts(
        "ppocrv6-small",
        frozenset({Task.MARKDOWN, Task.FREE_OCR, Task.OCR, Task.LAYOUT}),
        (("small", "ppocrv6-small"), ("tiny", "ppocrv6-tiny")),
    ),
    "fake": EngineFacts("fake-1", _ALL),
}


def engine_facts(name: str) -> EngineFacts:
    """Facts of the engine called ``name``; raises UsageError."""
    try:
        return CATALOGUE[name]
    except KeyError:
        known = ", ".join(["auto", *CATALOGUE])
        raise UsageError(f"unknown engine {name!r}; use one of: {known}") from None


def check_task(engine: str, task: Task) -> None:
    """Raise UsageError, naming engines that can, where ``engine`` can't do ``task``."""
    if task in engine_facts(engine).tasks:
        return
    able = ", ".join(name for name, facts in CATALOGUE.items() if task in facts.tasks)
    raise UsageError(
        f"engine {engine!r} can't do task {task.value!r}; engines that can: {able} (--engine NAME)"
    )
