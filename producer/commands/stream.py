"""``pagefleet run page.png --stream``: one page's text on standard output as it is made.

Nothing is queued or stored; a process of the worker side reads the page.
"""

import os
import subprocess
import sys

from producer.commands.cli_options import RunOptions
from producer.connections import choose_engine
from producer.intake.inspection import Inspection
from producer.intake.opener import Intake
from producer.local.local_fleet import WorkersDied
from producer.submission.request import Request
from shared.config.settings import as_environment
from shared.domain.errors import UsageError
from shared.domain.page_ranges import expand, parse_ranges
from shared.domain.records import PageOptions
from shared.processes.parent_death import die_with_parent

STOP_S = 10.0


def stream_page(options: RunOptions) -> int:
    """Print the page that the command line names; the reading process's exit status."""
    if options.as_json:
        raise UsageError("--stream prints plain text; leave --json out")
    settings = options.settings().model_copy(update={"stream_output": True})
    request = options.request(settings, choose_engine(settings, None))
    inputs = options.expanded(settings)
    request.check_all(inputs)
    if len(inputs) != 1:
        raise UsageError(f"--stream prints one page of one input, not of {len(inputs)}")
    item = inputs[0]
    if item.problem is not None:
        raise item.problem
    asked = request.for_document(item.overrides)
    with Intake(settings) as intake, intake.opened(item, asked.password) as opened:
        page_options = asked.page_options(opened.inspection.page_count)
        page = _only_page(item.name, opened.inspection, page_options)
        return _read(asked, opened.inspection, page, page_options)


def _only_page(name: str, document: Inspection, options: PageOptions) -> int:
    count = document.page_count
    pages = list(expand(parse_ranges(options.pages or f"1-{count}", count)))
    if len(pages) != 1:
        raise UsageError(f"--stream prints one page, not {len(pages)} of {name}; choose: --pages 1")
    return pages[0]


def _read(request: Request, document: Inspection, page: int, options: PageOptions) -> int:
    words = ["--kind", document.kind, "--sha256", document.sha256, "--page", str(page)]
    words += ["--options", options.model_dump_json(), "--", str(document.path)]
    parent = os.getpid()
    reader = subprocess.Popen(
        [sys.executable, "-m", "workers.cli", "read", *words],
        env={**as_environment(request.settings), "PAGEFLEET_LOG_FORMAT": "human"},
        stdin=subprocess.DEVNULL,
        # Ctrl-C is for the command in front; it stops the reader in order.
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(parent),
    )
    try:
        status = reader.wait()
    except BaseException:
        _stop(reader)
        raise
    if status < 0:
        raise WorkersDied(f"the process that read the page was killed (signal {-status})")
    return status


def _stop(reader: "subprocess.Popen[bytes]") -> None:
    reader.terminate()
    try:
        reader.wait(STOP_S)
    except subprocess.TimeoutExpired:
        reader.kill()
        reader.wait()
