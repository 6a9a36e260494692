"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from producer.watching.triggers.registry import trigger_options
from shared.domain.catalogue import engine_choices, model_choices
from shared.domain.formats.export_formats import CHUNK_CHARS, FORMAT_NAMES, MARKDOWN_WORD
from shared.domain.formats.output_formats import file_names
from shared.domain.lanes import PRIORITIES
from shared.domain.tasks import task_choices

_Command = TypeVar("_Command", bound=Callable[..., Any])

some_jobs = click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
any_jobs = click.argument("jobs", nargs=-1, metavar="[JOB]...")
json_jobs = click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")

_INPUTS = (
    click.argument("inputs", nargs=-1, metavar="INPUT..."),
    click.option("--manifest", type=click.Path(path_type=Path), metavar="FILE.jsonl",
                 help="More inputs, one JSON object per line: uri, name, task, pages, priority, "
                      "password, labels."),
)  # fmt: skip

_REQUEST = (
    click.option("--engine", help=f"{engine_choices()}."),
    click.option("--model", help=f"Model of the engine; for {model_choices()}."),
    click.option("--revision", help="Branch, tag or commit of the model's repository."),
    click.option("--task", default="markdown", show_default=True,
                 help=f"{task_choices()}."),
    click.option("--prompt", help="The prompt of task custom."),
    click.option("--query", help="What task locate searches for."),
    click.option("--pages", metavar="RANGES", help="Only these pages, for example 1-3,7."),
    click.option("--priority", type=click.Choice(PRIORITIES), default="normal",
                 show_default=True, help="Pages of a higher priority are read first."),
    click.option("--password-file", metavar="FILE",
                 help="File whose first line is the password of encrypted documents."),
    click.option("--label", "labels", multiple=True, metavar="K=V",
                 help="Store a label with the job; may be repeated."),
    click.option("--retry-failed", is_flag=True,
                 help="If the job exists already, read its failed pages again."),
)  # fmt: skip


def _of_local_workers(*, hidden: bool = False) -> tuple[Callable[[Any], Any], ...]:
    """Options that only the workers obey that a command starts itself."""
    only = "Only for workers that this command starts"
    return (
        click.option("--engine-url", hidden=hidden,
                     help=f"{only}: URL of the server for engine openai."),
        click.option("--concurrency", "max_concurrency", hidden=hidden,
                     help=f"{only}: pages in flight per engine, a number or auto."),
    )  # fmt: skip


_FORCE = (
    click.option("--force", is_flag=True,
                 help="Convert again as a new job, even if there is a result."),
)  # fmt: skip

_RENDER = (
    click.option("--page-breaks", type=click.Choice(["comment", "none", "rule"]),
                 help="What to write between pages (default: comment)."),
    click.option("--headers", type=click.Choice(["drop", "keep"]),
                 help="Running headers, footers and page numbers (default: drop)."),
    click.option("--footnotes", type=click.Choice(["inline", "end", "keep"]),
                 help="Where footnotes stand: after their paragraph, at the end of the document, "
                      "or as they are on the page (default: inline)."),
    click.option("--tables", type=click.Choice(["html", "pipe", "auto"]),
                 help="Tables in Markdown: HTML, pipe tables, or pipe tables where these can show "
                      "the same (default: html)."),
    click.option("--math", type=click.Choice(["dollars", "latex"]),
                 help="Marks of formulas in Markdown: $…$ and $$…$$, or \\(…\\) and \\[…\\] "
                      "(default: as the engine wrote them)."),
    click.option("--max-failed-pages", type=click.IntRange(0), metavar="N",
                 help="With more than N failed pages, the whole document counts as failed."),
)  # fmt: skip

_WATCH = (
    click.option("--period", type=click.FloatRange(0.1), metavar="S",
                 help="Seconds between scans (default: 10; 60 with events)."),
    click.option("--lists", type=click.IntRange(4), default=10, show_default=True, metavar="N",
                 help="Send at most N LIST requests per period; each lists 1000 objects."),
    click.option("--settle", type=click.FloatRange(0), metavar="S",
                 help="Take only files that stay unchanged for S seconds (default: 0 at Amazon "
                      "S3, 0.5 at other S3 servers, 1 in folders)."),
    click.option("--max-open", type=click.IntRange(1), default=200, show_default=True,
                 metavar="N", help="Keep at most N documents in progress."),
    *(click.option(option.flag, metavar=option.metavar, help=option.help)
      for option in trigger_options()),
)  # fmt: skip

_OUTPUT_HELP = f"Folder for {', '.join(file_names('<stem>'))} and <stem>/figures/."
_OVERWRITE = click.option(
    "--overwrite", is_flag=True,
    help="Replace files of other documents; without it, the new files get a number.",
)  # fmt: skip
_OUTPUT = (
    click.option("-o", "--output", "folder", type=click.Path(path_type=Path), required=True,
                 metavar="DIR", help=_OUTPUT_HELP),
    _OVERWRITE,
)  # fmt: skip

_EXPORT = (
    click.option("--to", multiple=True, metavar="FORMATS",
                 help=f"Files to write, separated by commas: {', '.join(FORMAT_NAMES)} "
                      f"(default: {MARKDOWN_WORD}). <stem>.json is always written."),
    click.option("--chunks", is_flag=True,
                 help="With --to jsonl: also <stem>.chunks.jsonl, parts of the document for "
                      "retrieval with their headings, pages and boxes."),
    click.option("--chunk-chars", type=click.IntRange(200, 100_000), metavar="N",
                 help=f"The most characters of a chunk (default: {CHUNK_CHARS})."),
    click.option("--layout-pdf", is_flag=True,
                 help="Also <stem>_layouts.pdf: each page with its boxes, coloured by kind."),
    click.option("--save", multiple=True, metavar="WHAT",
                 help="More files of each page in <stem>/, separated by commas: raw (the model's "
                      "answer), boxes (the page image with its boxes), pages (the page image), "
                      "figures (written with Markdown anyway)."),
    click.option("--layout", type=click.Choice(["document", "omnidocbench"]), default="document",
                 show_default=True,
                 help="omnidocbench: one <image stem>.md for each page, without folders, and "
                      "pagefleet-summary.json, as OmniDocBench's evaluation reads them."),
)  # fmt: skip

_OUTPUT_OR_STREAM = (
    click.option("-o", "--output", "folder", type=click.Path(path_type=Path), metavar="DIR",
                 help=_OUTPUT_HELP),
    _OVERWRITE,
    click.option("--stream", is_flag=True,
                 help="Print the text of one page while it is produced, instead of -o DIR."),
)  # fmt: skip

_WAIT_FOR_SERVICES = click.option(
    "--wait-for-services",
    is_flag=True,
    help="Wait while broker or store do not answer at the start; without it, the command ends "
    "with status 5.",
)


def _apply(decorators: tuple[Callable[[Any], Any], ...]) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


inputs = _apply(_INPUTS)
request = _apply(_REQUEST + _FORCE + _of_local_workers())
#: Accepts the options of local workers too, as earlier releases did; the command warns of them.
request_of_submit = _apply(_REQUEST + _FORCE + _of_local_workers(hidden=True))
render = _apply(_RENDER)
watch = _apply(_WATCH)
#: Without --force: a watcher decides which drops are converted again.
request_of_watch = _apply(_REQUEST + _of_local_workers())
min_quality = click.option(
    "--min-quality", type=click.FloatRange(0, 1), metavar="X",
    help="Name the pages whose quality is below X, and end with exit code 3 if there are any. "
         "Their text is written all the same.",
)  # fmt: skip
#: Of a document that stays in the store.
min_quality_of_stored = click.option(
    "--min-quality", type=click.FloatRange(0, 1), metavar="X",
    help="Count and name the pages of ended jobs whose quality is below X, and end with exit code "
         "3 if there are any.",
)  # fmt: skip
output = _apply(_OUTPUT + _EXPORT)
output_or_stream = _apply(_OUTPUT_OR_STREAM + _EXPORT)
wait_for_services = _WAIT_FOR_SERVICES
