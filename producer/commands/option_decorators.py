"""Options that several commands share; loads nothing that ``--help`` has no need of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from shared.domain.catalogue import engine_choices, model_choices
from shared.domain.output_formats import file_names
from shared.domain.tasks import task_choices

_Command = TypeVar("_Command", bound=Callable[..., Any])

_INPUTS = (
    click.argument("inputs", nargs=-1, metavar="INPUT..."),
    click.option("--manifest", type=click.Path(path_type=Path), metavar="FILE.jsonl",
                 help="More inputs, one JSON object a line: uri, task, pages, priority, "
                      "password, labels."),
)  # fmt: skip

_REQUEST = (
    click.option("--engine", help=f"{engine_choices()}."),
    click.option("--engine-url", help="Server of the openai engine."),
    click.option("--model", help=f"Model of the engine; for {model_choices()}."),
    click.option("--task", default="markdown", show_default=True,
                 help=f"{task_choices()}."),
    click.option("--prompt", help="The prompt of task custom."),
    click.option("--query", help="What task locate looks for."),
    click.option("--pages", metavar="RANGES", help="Only these pages, for example 1-3,7."),
    click.option("--priority", type=click.Choice(["high", "normal", "low"]), default="normal",
                 show_default=True),
    click.option("--password-file", metavar="FILE", help="Password of encrypted documents."),
    click.option("--label", "labels", multiple=True, metavar="K=V", help="Kept with the job."),
    click.option("--retry-failed", is_flag=True, help="Run failed pages of a known job again."),
    click.option("--concurrency", "max_concurrency", help="Pages in flight per engine."),
)  # fmt: skip

_FORCE = (click.option("--force", is_flag=True, help="Convert again even if there is a result."),)

_RENDER = (
    click.option("--page-breaks", type=click.Choice(["comment", "none", "rule"]),
                 help="What stands between pages (default: comment)."),
    click.option("--max-failed-pages", type=click.IntRange(0), metavar="N",
                 help="More failed pages make the whole document failed."),
)  # fmt: skip

_WATCH = (
    click.option("--period", type=click.FloatRange(0.1), metavar="S",
                 help="Seconds between looks (10; 60 where events tell, too)."),
    click.option("--lists", type=click.IntRange(4), default=10, show_default=True, metavar="N",
                 help="Most LIST requests in one period; each sees 1000 objects."),
    click.option("--settle", type=click.FloatRange(0), metavar="S",
                 help="Take only what is the same S seconds later (0 at Amazon, else 0.5; "
                      "folders 1)."),
    click.option("--max-open", type=click.IntRange(1), default=200, show_default=True,
                 metavar="N", help="Most documents on their way at once."),
    click.option("--queue-url", metavar="URL", help="SQS queue with the bucket's events."),
    click.option("--listen", metavar="HOST:PORT", help="Receive events of stores that push."),
    click.option("--secret-file", metavar="FILE", help="What senders to --listen must know."),
)  # fmt: skip

_OUTPUT_HELP = f"Folder for {', '.join(file_names('<stem>'))} and <stem>/figures/."

_OUTPUT = (
    click.option("-o", "--output", "folder", type=click.Path(path_type=Path), required=True,
                 metavar="DIR", help=_OUTPUT_HELP),
)  # fmt: skip

_OUTPUT_OR_STREAM = (
    click.option("-o", "--output", "folder", type=click.Path(path_type=Path), metavar="DIR",
                 help=_OUTPUT_HELP),
    click.option("--stream", is_flag=True,
                 help="Print the text of one page as it is made, instead of -o DIR."),
)  # fmt: skip


def _apply(decorators: tuple[Callable[[Any], Any], ...]) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


inputs = _apply(_INPUTS)
request = _apply(_REQUEST + _FORCE)
render = _apply(_RENDER)
watch = _apply(_WATCH)
#: A watch decides by itself what is converted again.
request_of_watch = _apply(_REQUEST)
output = _apply(_OUTPUT)
#: With --stream nothing is written.
output_or_stream = _apply(_OUTPUT_OR_STREAM)
