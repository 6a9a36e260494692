"""The parameters of a measurement, passed to the process of each part as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from shared.config.settings import Settings, load_settings


@dataclass(frozen=True)
class Plan:
    """The same engine, pages and number of tokens for every part."""

    engine: str
    model: str | None
    documents: tuple[str, ...]
    #: Total pages of ``documents``.
    pages: int
    #: Output tokens of every page.
    tokens: int
    #: A folder for stores, pixels and results.
    folder: str
    dummy: bool = True
    #: Further numbers of pages for the fleet, besides ``pages``.
    sizes: tuple[int, ...] = ()
    #: Comma-separated GPU indices.
    gpus: str = "0"
    tensor_parallel_size: int = 1
    #: Further pagefleet settings by name.
    extra: Mapping[str, str] = field(default_factory=dict)
    #: Further arguments of vLLM's LLM for the recipe.
    recipe: Mapping[str, Any] = field(default_factory=dict)
    #: Seconds after which a part stops and reports what it has measured.
    limit_s: float = 600
    #: False: the recipe without repeat control, to measure its cost.
    ngram: bool = True

    def settings(self, **more: Any) -> Settings:
        """The settings of the measured fleet or engine."""
        dummies: dict[str, Any] = {}
        if self.engine == "vllm" and self.dummy:
            dummies = {"vllm_load_format": "dummy", "bench_output_tokens": self.tokens}
        values = {
            "engine": self.engine,
            "model": self.model,
            "home": self.folder,
            "drain_s": 2,
            "gpus": self.gpus,
            "tensor_parallel_size": self.tensor_parallel_size,
            **dummies,
            **self.extra,
            **more,
        }
        return load_settings(**values)

    def within(self, seconds: float) -> "Plan":
        """This plan limited to ``seconds``."""
        return replace(self, limit_s=min(self.limit_s, seconds))

    def with_sizes(self, sizes: tuple[int, ...]) -> "Plan":
        """This plan with further sizes."""
        return replace(self, sizes=sizes)

    def for_gpus(self, gpus: str, tensor_parallel_size: int = 1) -> "Plan":
        """This plan on other GPUs."""
        return replace(self, gpus=gpus, tensor_parallel_size=tensor_parallel_size)


def write_plan(plan: Plan, path: Path) -> None:
    """Write the plan to a file for the process of a part."""
    path.write_text(json.dumps(asdict(plan)))


def read_plan(path: Path) -> Plan:
    """Read a plan that ``write_plan`` wrote."""
    values = json.loads(path.read_text())
    values["documents"] = tuple(values["documents"])
    values["sizes"] = tuple(values["sizes"])
    return Plan(**values)
