"""Settings of engines: choice, resources and options of single engines."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from shared.domain.page_ranges import parse_page_set
from shared.domain.pools import REVISION_PATTERN
from shared.domain.records.base import Record

PageSet = Annotated[frozenset[int], NoDecode, BeforeValidator(parse_page_set)]
AutoCount = Annotated[int, Field(ge=1)] | Literal["auto"]


class EngineSettings(Record):
    """Which engine jobs and workers use, its resources, and options of single engines."""

    engine: str = Field(
        "auto",
        description="engine of new jobs and started workers; auto: the best that the fleet "
        "declares, for workers the best that can run here",
    )
    model: str | None = Field(None, description="model of the engine; unset: the engine's default")
    revision: str | None = Field(
        None,
        pattern=f"^{REVISION_PATTERN}$",
        description="branch, tag or commit of the model's repository; a commit never changes",
    )
    pools: str | None = Field(
        None,
        description="pools that the control processes declare, which ``auto`` chooses from: "
        "engine[:model[@revision]],...",
    )
    declare_pool: bool = Field(
        True, description="a worker declares its own pool while it runs and for an hour after"
    )
    engine_url: str | None = Field(None, description="URL of the server of the openai engine")
    engine_api_key: SecretStr | None = Field(
        None, description="API key for engine_url; never logged"
    )
    engine_server_modes: bool = Field(
        False,
        description="the server supports mm_processor_kwargs, so all modes are allowed",
    )
    gpus: str = Field("auto", description="GPUs to use: auto or indices such as 0,1")
    tensor_parallel_size: int = Field(
        1, ge=1, description="GPUs that each layer of the model is split over"
    )
    pipeline_parallel_size: int = Field(1, ge=1, description="pipeline stages of one engine")
    engines_per_gpu: int = Field(1, ge=1, description="vLLM engines on one GPU")
    engine_slot: int = Field(
        0, ge=0, description="number of this engine on its GPU; set by the supervisor"
    )
    max_concurrency: AutoCount = Field(
        "auto", description="pages in flight per engine; auto: what the engine can hold"
    )
    num_workers: AutoCount = Field(
        "auto", description="processes that render and prepare pages; auto: by cores and memory"
    )
    batch_size: AutoCount = Field(
        "auto", description="sequences in one batch of the engine; auto: by memory"
    )
    max_model_len: int = Field(8192, ge=1024, description="maximum tokens of prompt and answer")
    max_batch_tokens: AutoCount = Field(
        "auto", description="maximum tokens of one engine step; auto: by memory"
    )
    gpu_memory_utilization: float = Field(
        0.9, gt=0.05, le=1, description="share of a GPU's memory that an engine uses"
    )
    stream_output: bool = Field(False, description="print the text of one page as it is generated")
    engine_stall_s: float = Field(
        300, gt=0, description="seconds without a new token after which a vLLM engine is restarted"
    )
    draft_source: Literal["none", "text", "auto"] = Field(
        "none",
        description="text from which vLLM drafts a page's answer; text: the PDF's text layer; "
        "auto: the same; none: no drafts",
    )
    draft_tokens: int = Field(
        8, ge=1, le=16, description="tokens that are drafted for a page at each step"
    )
    vllm_load_format: str = Field(
        "auto", description="how vLLM loads weights; dummy: random weights for benchmarks"
    )
    vllm_arguments: str | None = Field(
        None, description="JSON object of vLLM engine arguments; overrides all others"
    )
    bench_output_tokens: int | None = Field(
        None, ge=1, description="generate exactly this many tokens per page, for benchmarks only"
    )
    bench_draft_noise: float | None = Field(
        None,
        ge=0,
        le=1,
        description="with drafts, replay the draft text as the answer with this share of its "
        "tokens replaced, for benchmarks only",
    )
    engine_timeout_s: float = Field(
        900, gt=0, description="maximum seconds for the engine to read one page"
    )

    fake_latency_ms: float = Field(0, ge=0, description="fake engine: milliseconds per page")
    fake_render: bool = Field(True, description="fake engine: render pages")
    fake_fail_pages: PageSet = Field(frozenset(), description="fake engine: pages that fail")
    fake_journal: Path | None = Field(
        None, description="fake engine: file to which a line is appended for each page read"
    )
    fake_crash_pages: PageSet = Field(
        frozenset(), description="fake engine: pages that kill the worker process"
    )
