"""``pagefleet run --stream``: prints the text of one page while the engine produces it.

Nothing is queued or stored; a worker process reads the page.
"""

import os
import subprocess

from producer.commands.cli_options import RunOptions
from producer.intake.opener import Intake
from producer.local.local_fleet import WorkersDied
from producer.submission.job_spec import JobSpec, opened_spec
from shared.config.environment import SECRET_SETTINGS, without_store_credentials
from shared.config.settings import Settings, as_environment
from shared.domain.errors import UsageError
from shared.processes.parent_death import die_with_parent
from shared.processes.python_command import python_command

STOP_S = 10.0


def stream_page(options: RunOptions) -> int:
    """Print the selected page; returns the exit status of the reading process."""
    if options.as_json:
        raise UsageError("--stream prints plain text; leave --json out")
    settings = options.settings().model_copy(update={"stream_output": True})
    request = options.request(settings)
    inputs = list(request.checked(options.expanded(settings)))
    if len(inputs) != 1:
        raise UsageError(f"--stream prints one page of one input, not of {len(inputs)}")
    with Intake(settings) as intake, opened_spec(intake, inputs[0], request) as spec:
        return _read_page(spec, _only_page(spec))


def _only_page(spec: JobSpec) -> int:
    pages = spec.pages
    if len(pages) != 1:
        name = spec.input.name
        raise UsageError(f"--stream prints one page, not {len(pages)} of {name}; choose: --pages 1")
    return pages[0]


def _read_page(spec: JobSpec, page: int) -> int:
    document = spec.document
    words = ["--kind", document.kind, "--sha256", document.sha256, "--page", str(page)]
    words += ["--options", spec.options.model_dump_json(), "--", str(document.path)]
    parent = os.getpid()
    reader = subprocess.Popen(
        python_command("-m", "workers.cli", "read", *words),
        env={**_environment(spec.request.settings), "PAGEFLEET_LOG_FORMAT": "human"},
        stdin=subprocess.DEVNULL,
        # Ctrl-C reaches only this process, which then stops the reader.
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(parent),
    )
    try:
        status = reader.wait()
    except BaseException:
        _stop(reader)
        raise
    if status < 0:
        raise WorkersDied(f"the process that reads the page was killed (signal {-status})")
    return status


def _environment(settings: Settings) -> dict[str, str]:
    """The reader uses no broker and no store, so it gets no credentials of theirs."""
    unneeded = set(SECRET_SETTINGS) - {"engine_api_key"}
    return without_store_credentials(as_environment(settings, unneeded))


def _stop(reader: "subprocess.Popen[bytes]") -> None:
    reader.terminate()
    try:
        reader.wait(STOP_S)
    except subprocess.TimeoutExpired:
        reader.kill()
        reader.wait()
