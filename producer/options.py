"""Options that several commands share, and what is made of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from producer.request import Request
from producer.submission import read_password
from shared.errors import UsageError
from shared.records import RenderOptions
from shared.settings import Settings, load_settings
from shared.webhook_url import check_webhook

_Command = TypeVar("_Command", bound=Callable[..., Any])
MAX_LABELS = 32
MAX_LABEL_CHARACTERS = 200

_INPUTS = (
    click.argument("inputs", nargs=-1, metavar="INPUT..."),
    click.option("--manifest", type=click.Path(path_type=Path), metavar="FILE.jsonl",
                 help="More inputs, one JSON object a line: uri, task, pages, priority, "
                      "password, labels."),
)  # fmt: skip

_REQUEST = (
    click.option("--engine", help="auto, vllm, transformers, openai, cpu or fake."),
    click.option("--engine-url", help="Server of the openai engine."),
    click.option("--model", help="Model of the engine; for cpu: small or tiny."),
    click.option("--task", default="markdown", show_default=True,
                 help="markdown, free-ocr, ocr, layout, locate, figure, describe or custom."),
    click.option("--prompt", help="The prompt of task custom."),
    click.option("--query", help="What task locate looks for."),
    click.option("--pages", metavar="RANGES", help="Only these pages, for example 1-3,7."),
    click.option("--resolution", help="tiny, small, base, large or gundam (default)."),
    click.option("--crop-mode", help="auto, manual or none."),
    click.option("--max-tiles", type=click.IntRange(2, 9), help="Tiles in gundam mode (6)."),
    click.option("--dpi", type=click.IntRange(36, 1200), help="Render at this resolution."),
    click.option("--exact", is_flag=True, default=None,
                 help="Render and resize like the official script."),
    click.option("--text-layer", type=click.Choice(["auto", "never", "always"]),
                 help="Whether the cpu engine may use a PDF's own text."),
    click.option("--priority", type=click.Choice(["high", "normal", "low"]), default="normal",
                 show_default=True),
    click.option("--password-file", metavar="FILE", help="Password of encrypted documents."),
    click.option("--label", "labels", multiple=True, metavar="K=V", help="Kept with the job."),
    click.option("--force", is_flag=True, help="Convert again even if there is a result."),
    click.option("--retry-failed", is_flag=True, help="Run failed pages of a known job again."),
    click.option("--concurrency", "max_concurrency", help="Pages in flight per engine."),
)  # fmt: skip

_RENDER = (
    click.option("--page-breaks", type=click.Choice(["comment", "none", "rule"]),
                 default="comment", show_default=True, help="What stands between pages."),
    click.option("--max-failed-pages", type=click.IntRange(0), metavar="N",
                 help="More failed pages make the whole document failed."),
)  # fmt: skip

#: Options that are settings by another name: they override them for this command.
_SETTINGS = ("engine", "engine_url", "model", "resolution", "crop_mode", "max_tiles", "dpi",
             "exact", "text_layer", "max_concurrency")  # fmt: skip


def _apply(decorators: tuple[Callable[[Any], Any], ...]) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


inputs = _apply(_INPUTS)
request = _apply(_REQUEST)
render = _apply(_RENDER)


def settings_of(given: dict[str, Any]) -> Settings:
    """The settings with what the command line says over them."""
    return load_settings(**{name: given.get(name) for name in _SETTINGS})


def request_of(given: dict[str, Any], settings: Settings, engine: str) -> Request:
    """The request that a command line makes; raises UsageError."""
    made = Request(
        engine=engine,
        settings=settings,
        task=given["task"],
        prompt=given["prompt"],
        query=given["query"],
        pages=given["pages"],
        priority=given["priority"],
        render=render_options(given),
        labels=parse_labels(given["labels"]),
        webhook=check_webhook(given["webhook"]) if given.get("webhook") else None,
        password=read_password(given["password_file"]),
        force=given["force"],
        retry_failed=given["retry_failed"],
    )
    made.check()
    return made


def render_options(given: dict[str, Any]) -> RenderOptions:
    """What changes only the written document."""
    return RenderOptions(
        page_breaks=given["page_breaks"], max_failed_pages=given["max_failed_pages"]
    )


def parse_labels(pairs: tuple[str, ...]) -> dict[str, str]:
    """Labels from K=V words; raises UsageError."""
    labels = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"label {pair!r} is not of the form K=V")
        if len(pair) > MAX_LABEL_CHARACTERS:
            raise UsageError(f"a label is longer than {MAX_LABEL_CHARACTERS} characters")
        labels[key] = value
    if len(labels) > MAX_LABELS:
        raise UsageError(f"more than {MAX_LABELS} labels")
    return labels
