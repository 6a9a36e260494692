"""Settings of metrics, health checks, traces, Flower and logs."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo

from shared.domain.records.base import Record


def _no_service_link(value: Any, info: ValidationInfo) -> Any:
    """The default for PAGEFLEET_*_PORT=tcp://…, which Kubernetes sets for a service."""
    if isinstance(value, str) and "://" in value and info.field_name is not None:
        return ObservabilitySettings.model_fields[info.field_name].default
    return value


Port = Annotated[int, BeforeValidator(_no_service_link), Field(ge=0, le=65000)]


class ObservabilitySettings(Record):
    """Where metrics, traces and logs go, and how Flower is served."""

    fleet: str = Field(
        "pagefleet",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,119}$",
        description="name of the fleet: the label `fleet` of all its metrics",
    )
    metrics_port: Port = Field(
        0, description="first port for metrics and health checks; 0: none; see docs/metrics.md"
    )
    metrics_host: str = Field(
        "127.0.0.1", description="address on which metrics and health checks are served"
    )
    cost_labels: str = Field(
        "",
        max_length=200,
        description="names of job labels, comma-separated, by which metrics count pages and cost",
    )
    cost_label_values: int = Field(
        50, ge=1, le=1000, description="maximum values of such a label; the rest count as `other`"
    )
    heartbeat_dir: Path | None = Field(
        None, description="folder in which each healthy worker process touches a file; unset: none"
    )

    traces: Literal["off", "otlp", "console"] = Field(
        "off",
        description="OpenTelemetry traces (extra otel); otlp: sent as OTEL_EXPORTER_* is set",
    )
    trace_share: float = Field(1.0, ge=0, le=1, description="fraction of jobs that are traced")
    flower_host: str = Field("127.0.0.1", description="address on which Flower is served")
    flower_port: Port = Field(5555, description="port of Flower")
    flower_user: str = Field("pagefleet", min_length=1, description="user name for Flower")
    flower_password: SecretStr | None = Field(
        None, description="password for Flower; unset: a new one is printed at each start"
    )
    flower_read_only: bool = Field(
        True, description="Flower is read-only, and workers obey no command that changes them"
    )
    flower_max_tasks: int = Field(20_000, ge=100, description="maximum tasks in Flower's memory")

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least severe level that is logged"
    )
    log_format: Literal["auto", "human", "json"] = Field(
        "auto", description="format of log lines; auto: human on a terminal, else json"
    )

    @property
    def cost_label_names(self) -> tuple[str, ...]:
        """The names in ``cost_labels``, each once."""
        names = (part.strip() for part in self.cost_labels.split(","))
        return tuple(dict.fromkeys(name for name in names if name))
