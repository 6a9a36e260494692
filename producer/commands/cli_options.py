"""The options of each command as typed values, built once from what click parsed.

Each class takes exactly the parameters of its command as keywords. ``None`` means that an option
is not on the command line.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

from producer.intake.expansion import expand_inputs
from producer.intake.input import Input
from producer.intake.labels import parse_labels
from producer.intake.password_file import read_password
from producer.submission.request import Request
from shared.config.settings import Settings, load_settings
from shared.domain.records import PageBreaks, Priority, RenderOptions
from shared.domain.webhook_url import check_webhook


@dataclass(frozen=True, kw_only=True)
class InputWords:
    """The INPUT words and the manifest file of a command."""

    inputs: tuple[str, ...]
    manifest: Path | None

    def expanded(self, settings: Settings) -> list[Input]:
        """Every single input in order; raises UsageError."""
        return expand_inputs(self.inputs, self.manifest, settings)


@dataclass(frozen=True, kw_only=True)
class RenderArguments:
    """Options that change only how the merged document is written."""

    page_breaks: PageBreaks | None
    max_failed_pages: int | None

    def render_options(self, base: RenderOptions | None = None) -> RenderOptions:
        """``base`` (default: the defaults) with the options of the command line over it."""
        names = (field.name for field in fields(RenderArguments))
        changed = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return (base or RenderOptions()).model_copy(update=changed)


@dataclass(frozen=True, kw_only=True)
class SettingArguments:
    """Options that override the setting of the same name for one command."""

    engine: str | None
    engine_url: str | None
    model: str | None
    resolution: str | None
    crop_mode: str | None
    max_tiles: int | None
    dpi: int | None
    exact: bool | None
    text_layer: str | None
    max_concurrency: str | None

    def settings(self) -> Settings:
        """The deployment's settings with these options over them; raises UsageError."""
        names = (field.name for field in fields(SettingArguments))
        return load_settings(**{name: getattr(self, name) for name in names})


@dataclass(frozen=True, kw_only=True)
class RequestArguments(SettingArguments, RenderArguments):
    """Options that say how documents are converted."""

    task: str
    prompt: str | None
    query: str | None
    pages: str | None
    priority: Priority
    labels: tuple[str, ...]
    password_file: str | None
    retry_failed: bool

    def request(self, settings: Settings, engine: str) -> Request:
        """The request for every input of the command; raises UsageError."""
        return Request(
            engine=engine,
            settings=settings,
            task=self.task,
            prompt=self.prompt,
            query=self.query,
            pages=self.pages,
            priority=self.priority,
            render=self.render_options(),
            labels=parse_labels(self.labels),
            password=read_password(self.password_file),
            retry_failed=self.retry_failed,
        )


@dataclass(frozen=True, kw_only=True)
class RunOptions(InputWords, RequestArguments):
    """``pagefleet run``; ``folder`` is set unless ``stream`` is."""

    force: bool
    folder: Path | None
    stream: bool
    as_json: bool
    quiet: bool

    def request(self, settings: Settings, engine: str) -> Request:
        """See RequestArguments."""
        return replace(super().request(settings, engine), force=self.force)


@dataclass(frozen=True, kw_only=True)
class SubmitOptions(InputWords, RequestArguments):
    """``pagefleet submit``."""

    force: bool
    wait: bool
    webhook: str | None
    dry_run: bool
    as_json: bool

    def request(self, settings: Settings, engine: str) -> Request:
        """See RequestArguments."""
        webhook = check_webhook(self.webhook) if self.webhook else None
        return replace(super().request(settings, engine), force=self.force, webhook=webhook)


@dataclass(frozen=True, kw_only=True)
class WatchOptions(RequestArguments):
    """``pagefleet watch``; times are in seconds."""

    source: str
    to: str | None
    after: Literal["keep", "move", "delete"]
    period: float | None
    lists: int
    settle: float | None
    max_open: int
    queue_url: str | None
    listen: str | None
    secret_file: str | None
    once: bool
    as_json: bool
    quiet: bool


@dataclass(frozen=True, kw_only=True)
class FetchOptions(RenderArguments):
    """``pagefleet fetch``."""

    jobs: tuple[str, ...]
    folder: Path
    as_json: bool
