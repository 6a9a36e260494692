"""The options of each command as typed values, built once from what click parsed.

Each class has a field for each parameter of its command. ``None`` means that an option is not on
the command line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from producer.intake.expansion import stream_inputs
from producer.intake.input import Input
from producer.intake.labels import parse_labels
from producer.intake.password_file import read_password
from producer.submission.pool_choice import PoolSource, no_fleet
from producer.submission.request import Request
from shared.config.settings import Settings, load_settings
from shared.domain.collections.names import LABEL, check_collection_name
from shared.domain.errors import UsageError
from shared.domain.formats.export_formats import DEFAULT, ExportChoice, export_choice, saved_words
from shared.domain.lanes import Priority
from shared.domain.records.options import (
    Footnotes,
    Headers,
    Math,
    PageBreaks,
    PageSettings,
    RenderOptions,
    Tables,
)
from shared.domain.tasks import parse_task
from shared.domain.webhooks.url import check_webhook


@dataclass(frozen=True, kw_only=True)
class InputWords:
    """The INPUT words and the manifest file of a command."""

    inputs: tuple[str, ...]
    manifest: Path | None

    def expanded(self, settings: Settings) -> Iterator[Input]:
        """Every single input in order; raises UsageError."""
        return stream_inputs(self.inputs, self.manifest, settings)


@dataclass(frozen=True, kw_only=True)
class RenderArguments:
    """Options that change only how the merged document is written."""

    page_breaks: PageBreaks | None
    headers: Headers | None
    footnotes: Footnotes | None
    tables: Tables | None
    math: Math | None
    max_failed_pages: int | None

    def render_options(self, base: RenderOptions | None = None) -> RenderOptions:
        """``base`` (default: the defaults) with the options of the command line over it."""
        names = RenderOptions.model_fields
        changed = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return (base or RenderOptions()).model_copy(update=changed)


@dataclass(frozen=True, kw_only=True)
class ExportArguments:
    """Options that choose the files of a document in a folder."""

    to: tuple[str, ...] = ()
    chunks: bool = False
    chunk_chars: int | None = None
    layout_pdf: bool = False
    save: tuple[str, ...] = ()
    layout: Literal["document", "omnidocbench"] = "document"

    def export_choice(self) -> ExportChoice:
        """The files to write; raises UsageError."""
        choice = export_choice(self.to, self.chunks, self.chunk_chars)
        choice = replace(choice, layout_pdf=self.layout_pdf, saved=saved_words(self.save))
        if self.layout == "document":
            return choice
        if choice != DEFAULT:
            raise UsageError(
                "--layout omnidocbench writes one Markdown file for each page and nothing else; "
                "leave out --to, --layout-pdf and --save"
            )
        return replace(choice, by_page=True)


@dataclass(frozen=True, kw_only=True)
class SettingArguments:
    """Options that override the setting of the same name for one command."""

    engine: str | None
    engine_url: str | None
    model: str | None
    revision: str | None
    max_concurrency: str | None
    #: Values of the fields of PageSettings.
    page_settings: Mapping[str, Any]

    def settings(self) -> Settings:
        """The deployment's settings with these options over them; raises UsageError."""
        return load_settings(
            engine=self.engine,
            engine_url=self.engine_url,
            model=self.model,
            revision=self.revision,
            max_concurrency=self.max_concurrency,
            **self.page_settings,
        )


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

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """The options from what click parsed."""
        page_settings = {name: values[name] for name in PageSettings.model_fields}
        others = {name: values[name] for name in values.keys() - page_settings.keys()}
        return cls(**others, page_settings=page_settings)

    def request(self, settings: Settings, pools: PoolSource = no_fleet) -> Request:
        """The request for every input of the command; raises UsageError.

        ``pools``: where jobs go that the settings leave open.
        """
        return Request(
            settings=settings,
            pools=pools,
            task=parse_task(self.task),
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
class RunOptions(InputWords, RequestArguments, ExportArguments):
    """``pagefleet run``; ``folder`` is set unless ``stream`` is."""

    force: bool
    folder: Path | None
    overwrite: bool
    stream: bool
    min_quality: float | None
    as_json: bool
    quiet: bool

    def request(self, settings: Settings, pools: PoolSource = no_fleet) -> Request:
        """See RequestArguments."""
        return replace(super().request(settings, pools), force=self.force)


@dataclass(frozen=True, kw_only=True)
class SubmitOptions(InputWords, RequestArguments):
    """``pagefleet submit``."""

    force: bool
    wait: bool
    min_quality: float | None
    webhook: str | None
    collection: str | None
    dry_run: bool
    as_json: bool

    def request(self, settings: Settings, pools: PoolSource = no_fleet) -> Request:
        """See RequestArguments."""
        webhook = check_webhook(self.webhook) if self.webhook else None
        request = replace(super().request(settings, pools), force=self.force, webhook=webhook)
        if self.collection is None:
            return request
        label = {LABEL: check_collection_name(self.collection)}
        return replace(request, labels={**request.labels, **label})


@dataclass(frozen=True, kw_only=True)
class FetchOptions(RenderArguments, ExportArguments):
    """``pagefleet fetch``."""

    jobs: tuple[str, ...]
    folder: Path
    overwrite: bool
    labels: tuple[str, ...]
    min_quality: float | None
    as_json: bool
