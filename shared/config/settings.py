"""Every setting, in one frozen model: PAGEFLEET_* variables over ``pagefleet.toml``.

Unknown keys are errors, except the variables that Kubernetes injects for services whose names
begin with "pagefleet".
"""

import re
import tomllib
from difflib import get_close_matches
from os import devnull
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from shared.config.environment import (
    CONFIG_VARIABLE,
    PREFIX,
    check_config_file,
    config_path,
    data_home,
    library_secrets,
    other_variables,
    setting_variables,
)
from shared.domain.errors import UsageError
from shared.domain.page_ranges import parse_page_set
from shared.domain.records import PageSettings

MEBIBYTE = 1024 * 1024
_SERVICE_LINK = re.compile(
    r"_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$"
)

#: Shorter words are no secrets, and blotting them out would spoil other text.
MIN_SECRET = 4
PageSet = Annotated[frozenset[int], NoDecode, BeforeValidator(parse_page_set)]


def _no_service_link(value: Any, info: ValidationInfo) -> Any:
    """Kubernetes sets PAGEFLEET_METRICS_PORT=tcp://… for a service "pagefleet-metrics"."""
    if isinstance(value, str) and "://" in value and info.field_name is not None:
        return Settings.model_fields[info.field_name].default
    return value


Port = Annotated[int, BeforeValidator(_no_service_link), Field(ge=0, le=65000)]
AutoCount = Annotated[int, Field(ge=1)] | Literal["auto"]


class Settings(PageSettings, BaseSettings):
    """Deployment settings, and the defaults of page options for new jobs."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=PREFIX, env_ignore_empty=True
    )

    redis_url: SecretStr | None = Field(None, description="broker, redis:// or rediss://")
    redis_ca_file: Path | None = Field(
        None, description="who signs the certificate of a rediss:// broker; unset: the system's"
    )
    redis_cert_file: Path | None = Field(None, description="certificate shown to the broker")
    redis_key_file: Path | None = Field(None, description="key of redis_cert_file")
    redis_verify: bool = Field(True, description="check the broker's certificate and name")
    store: str | None = Field(None, description="object store, s3://bucket/prefix or file:///path")
    home: Path = Field(
        default_factory=data_home,
        description="private folder: embedded broker, default store, caches, logs",
    )
    s3_endpoint_url: str | None = Field(None, description="S3-compatible endpoint")
    s3_region: str | None = Field(None, description="S3 region")
    s3_checksums: Literal["auto", "when_supported", "when_required"] = Field(
        "auto", description="S3 checksums; auto: when_required where an endpoint is set"
    )
    s3_addressing: Literal["auto", "path", "virtual"] = Field("auto", description="S3 URL style")

    engine: str = Field("auto", description="engine for new jobs and for started workers")
    model: str | None = Field(None, description="model of the engine; unset: its default")
    engine_url: str | None = Field(None, description="server of the openai engine")
    engine_api_key: SecretStr | None = Field(None, description="key for that server, never logged")
    engine_server_modes: bool = Field(
        False, description="that server honours mm_processor_kwargs: all resolutions, any tiles"
    )
    roles: str = Field("pages,reduce,sweep", description="what a worker does")
    gpus: str = Field("auto", description="GPUs to use: auto or 0,1")
    tensor_parallel_size: int = Field(1, ge=1, description="GPUs that share one engine's layers")
    pipeline_parallel_size: int = Field(1, ge=1, description="stages of GPUs of one engine")
    engines_per_gpu: int = Field(1, ge=1, description="vLLM engines side by side on one GPU")
    engine_slot: int = Field(
        0, ge=0, description="which of the engines on its GPU this is; the supervisor sets it"
    )
    max_concurrency: AutoCount = Field("auto", description="pages in flight per engine")
    num_workers: AutoCount = Field("auto", description="processes that render and prepare pages")
    batch_size: AutoCount = Field("auto", description="sequences the engine batches at once")
    max_model_len: int = Field(8192, ge=1024, description="tokens of prompt and answer")
    max_batch_tokens: AutoCount = Field("auto", description="tokens per engine step")
    gpu_memory_utilization: float = Field(
        0.9, gt=0.05, le=1, description="share of a GPU's memory that an engine takes"
    )
    stream_output: bool = Field(False, description="print text as it is made (one image)")
    engine_stall_s: float = Field(
        300, gt=0, description="seconds without any new text before a vLLM engine counts as hung"
    )
    vllm_load_format: str = Field(
        "auto", description="how vLLM loads weights; dummy: random ones, to measure speed"
    )
    vllm_arguments: str | None = Field(
        None, description="JSON object of further vLLM engine arguments; they come last"
    )
    bench_output_tokens: int | None = Field(
        None, ge=1, description="exactly this many tokens a page, to measure speed; no real text"
    )

    max_pages: int = Field(20_000, ge=1, description="pages per document")
    max_file_bytes: int = Field(2048 * MEBIBYTE, ge=1, description="bytes per document")
    max_page_pixels: int = Field(40_000_000, ge=10_000, description="pixels per rendered page")
    page_timeout_s: float = Field(120, gt=0, description="seconds to render one page")
    page_memory_mb: int = Field(3072, ge=256, description="memory of one rendering process")
    engine_timeout_s: float = Field(900, gt=0, description="seconds to read one page")
    open_timeout_s: float = Field(120, gt=0, description="seconds to open and count a document")

    lease_s: int = Field(120, ge=5, description="how long a silent worker keeps its pages")
    drain_s: float = Field(20, ge=0, description="how long a stopping worker finishes pages")
    max_attempts: int = Field(3, ge=1, description="tries of a page that fails by itself")
    quarantine_after: int = Field(2, ge=1, description="process deaths before a page runs alone")
    dispatch_window: int = Field(8, ge=1, description="smallest number of pages kept queued")
    max_open_jobs: int = Field(2000, ge=1, description="jobs of one priority held in Redis")
    sweep_interval_s: float = Field(10, gt=0, description="seconds between two rounds of repairs")
    adopt_open_jobs: bool = Field(True, description="take up open jobs found in the store")
    retention_days: float | None = Field(
        None, gt=0, description="remove ended jobs after this; unset: 30 in the default store"
    )
    cache_bytes: int = Field(10_240 * MEBIBYTE, ge=0, description="per-host cache of sources")

    webhook_secret: SecretStr | None = Field(None, description="key that signs webhooks")
    webhook_allow_private: bool = Field(
        False, description="let webhooks call loopback and private addresses"
    )
    webhook_timeout_s: float = Field(10, gt=0, le=300, description="seconds for one call")
    webhook_max_tries: int = Field(10, ge=1, description="calls of a webhook before it is given up")
    webhook_retry_s: float = Field(
        10, gt=0, description="wait after the first failed call; doubles up to an hour"
    )

    price_per_hour: float | None = Field(None, ge=0, description="money per worker-hour")

    metrics_port: Port = Field(
        0, description="first port of metrics and health; 0: none; see docs/metrics.md"
    )
    metrics_host: str = Field("127.0.0.1", description="address that metrics and health bind")
    heartbeat_dir: Path | None = Field(
        None, description="folder where each healthy worker process touches a file; unset: none"
    )

    traces: Literal["off", "otlp", "console"] = Field(
        "off", description="OpenTelemetry traces of pages (extra otel); otlp: to OTEL_EXPORTER_*"
    )
    trace_share: float = Field(1.0, ge=0, le=1, description="share of jobs that are traced")
    flower_host: str = Field("127.0.0.1", description="address that Flower binds")
    flower_port: Port = Field(5555, description="port of Flower")
    flower_user: str = Field("pagefleet", min_length=1, description="user of Flower's login")
    flower_password: SecretStr | None = Field(
        None, description="its password; unset: a new one is printed at each start"
    )
    flower_read_only: bool = Field(True, description="Flower may look and not touch")
    flower_max_tasks: int = Field(20_000, ge=100, description="tasks that Flower remembers")

    fake_latency_ms: float = Field(0, ge=0, description="fake engine: time of a page")
    fake_render: bool = Field(True, description="fake engine: whether pages are drawn")
    fake_fail_pages: PageSet = Field(frozenset(), description="fake engine: pages that fail")
    fake_journal: Path | None = Field(
        None, description="fake engine: file that gets a line per page read"
    )
    fake_crash_pages: PageSet = Field(
        frozenset(), description="fake engine: pages that kill the worker process"
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error"
    )
    log_format: Literal["auto", "human", "json"] = Field(
        "auto", description="human or json; auto: human on a terminal"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over file."""
        path = config_path()
        if path is None:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path)

    @property
    def store_url(self) -> str:
        """Where jobs live; the default is a folder in ``home``."""
        return self.store or (self.home / "store").resolve().as_uri()

    @property
    def effective_retention_days(self) -> float | None:
        """Days after which ended jobs go; only the default store has a default."""
        return self.retention_days or (30.0 if self.store is None else None)

    def secret_words(self) -> tuple[str, ...]:
        """What no log line may show."""
        held = {name: getattr(self, name) for name in type(self).model_fields}
        secrets = {k: v.get_secret_value() for k, v in held.items() if isinstance(v, SecretStr)}
        # Of an address only the password: the rest may be read.
        passwords = [urlsplit(secrets.pop("redis_url", "")).password]
        named = [*secrets.values(), *library_secrets()]
        words = [word for word in (*passwords, *named) if word and len(word) >= MIN_SECRET]
        return tuple(dict.fromkeys([*words, *map(unquote, words)]))

    def broker_url(self) -> str:
        """The broker's address with its password; raises UsageError when unset."""
        if self.redis_url is None:
            raise UsageError(
                "no broker is configured: set PAGEFLEET_REDIS_URL=redis://host:6379/0, "
                "or use 'pagefleet run', which starts its own"
            )
        return self.redis_url.get_secret_value()


def load_settings(**overrides: Any) -> Settings:
    """Read the file, then the environment, then ``overrides``; raises UsageError."""
    _refuse_unknown_variables()
    return build_settings({k: v for k, v in overrides.items() if v is not None})


def build_settings(values: dict[str, Any]) -> Settings:
    """Settings with ``values`` over all else; the first problem is a one-line UsageError."""
    try:
        check_config_file()
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:1])
        if first["type"] == "extra_forbidden":
            raise UsageError(f"unknown setting {name!r}{_suggest(name)}") from None
        shown = "" if _is_secret(name) else f", not {first['input']!r}"
        raise UsageError(f"setting {name!r}: {first['msg']}{shown}") from None
    except OSError as error:
        raise UsageError(f"can't read {error.filename}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{config_path()} is not valid TOML: {error}") from None


def as_environment(settings: Settings) -> dict[str, str]:
    """This process's environment for a child, with every set value of ``settings`` in it."""
    variables = other_variables()
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if value is not None:
            variables[PREFIX + name.upper()] = _as_text(value)
    # An empty file would still be found through the working folder.
    return {**variables, CONFIG_VARIABLE: devnull}


def _is_secret(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and "SecretStr" in str(field.annotation)


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, frozenset):
        return ",".join(str(page) for page in sorted(value))
    return str(value)


def _refuse_unknown_variables() -> None:
    for name in setting_variables():
        key = name.removeprefix(PREFIX).lower()
        if key not in Settings.model_fields and not _SERVICE_LINK.search(name):
            raise UsageError(f"unknown setting {name}{_suggest(key)}")


def _suggest(name: str) -> str:
    close = get_close_matches(name, list(Settings.model_fields), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
