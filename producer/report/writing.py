"""Writes the report of a job: fills the HTML template and its content security policy."""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from producer.connections import Connections
from producer.delivery.folder_sink import atomic_file, output_errors
from producer.delivery.stored_source import stored_source
from producer.report.media import Media, media_for
from producer.report.pages import PRELOAD, PROCESSES, Cards
from producer.status.job_facts import JobFacts, job_facts, with_usage
from producer.status.submissions import Submissions, as_plain
from shared.document.control_characters import strip_control
from shared.domain.errors import UsageError
from shared.domain.page_ranges import expand
from shared.domain.records import BlockType, Manifest
from shared.processes.sandbox import Sandbox

_FOLDER = Path(__file__).parent
STYLE = (_FOLDER / "report.css").read_text("utf-8")
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def report_job(
    connections: Connections, manifest: Manifest, output: Path, submitted: Submissions = ()
) -> Path | None:
    """Write the report of an open or ended job to ``output``; works from the store alone.

    It names ``manifest`` and the other submissions among ``submitted``.

    Returns the folder of the page images, or None where they are inside the file. Raises
    OutputError, StoreUnreachable or UsageError.
    """
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name a file, for example -o {output}/report.html")
    pages = list(expand(manifest.page_ranges))
    facts = job_facts(manifest, connections.jobs, connections.dispatch_state_or_none())
    facts = with_usage(facts, connections.jobs, connections.settings)
    facts = replace(facts, submissions=submitted)
    with output_errors(output.parent), stored_source(connections.store, manifest) as source:
        output.parent.mkdir(parents=True, exist_ok=True)
        media = media_for(output, len(pages))
        with _sandbox(connections) as sandbox, atomic_file(output) as file:
            cards = Cards(
                connections.settings, connections.jobs, manifest, sandbox, media, source
            ).of(pages)
            template = _TEMPLATES.get_template("report.html.jinja")
            for part in template.generate(**_context(facts, media), cards=cards):
                # Names, labels and texts of blocks are what others wrote.
                file.write(strip_control(part).encode())
    return media.folder


def _sandbox(connections: Connections) -> Sandbox:
    memory = connections.settings.page_memory_mb
    return Sandbox("pagefleet-report", PROCESSES, memory, preload=PRELOAD)


def _context(facts: JobFacts, media: Media) -> dict[str, object]:
    style = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return {
        "job": facts,
        "manifest": facts.manifest,
        "others": as_plain(facts.submissions)[1:],
        "created": datetime.fromtimestamp(facts.manifest.created, UTC).strftime("%Y-%m-%d %H:%M"),
        "style": STYLE,
        "policy": (
            f"default-src 'none'; style-src 'sha256-{style}'; img-src {media.sources}; "
            "base-uri 'none'; form-action 'none'"
        ),
        "types": get_args(BlockType),
        "lazy": media.lazy,
    }
