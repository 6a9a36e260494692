"""Writes the report of a job: fills the HTML template and its content security policy."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from producer.connections import Connections
from producer.delivery.folder_sink import atomic_file, output_errors
from producer.delivery.stored_source import stored_source
from producer.report.cards import FILTERS, MAX_TIED, marks
from producer.report.media import Media, media_for
from producer.report.pages import PRELOAD, PROCESSES, Cards, PageToShow
from producer.report.selection import pages_to_show
from producer.status.job_facts import JobFacts, job_facts, with_usage
from producer.status.submissions import Submissions, as_plain
from shared.document.control_characters import strip_control
from shared.domain.errors import UsageError
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import BlockType
from shared.processes.sandbox import Sandbox

_FOLDER = Path(__file__).parent
#: A block of text and its boxes light up together.
_TIES = "".join(
    f".page:has(.k{number}:is(:hover,:focus-visible,:target)) .k{number}{{--lit:1}}\n"
    for number in range(1, MAX_TIED + 1)
)
STYLE = (_FOLDER / "report.css").read_text("utf-8") + _TIES
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class ReportOptions:
    """``worst``: only so many pages, the worst first; ``in_folder``: pictures beside the file."""

    worst: int | None = None
    in_folder: bool = False


@dataclass(frozen=True)
class Written:
    """The folder of the page images, None where they are in the file; and the pages shown."""

    folder: Path | None
    pages: tuple[PageToShow, ...]


def report_job(
    connections: Connections,
    manifest: Manifest,
    output: Path,
    submitted: Submissions = (),
    options: ReportOptions = ReportOptions(),
) -> Written:
    """Write the report of an open or ended job to ``output``; works from the store alone.

    It names ``manifest`` and the other submissions among ``submitted``. Raises OutputError,
    StoreUnreachable or UsageError.
    """
    if output.is_dir():
        raise UsageError(f"{output} is a folder; name a file, for example -o {output}/report.html")
    pages = pages_to_show(connections.jobs, manifest, options.worst)
    facts = job_facts(manifest, connections.jobs, connections.dispatch_state_or_none())
    facts = with_usage(facts, connections.jobs, connections.settings)
    facts = replace(facts, submissions=submitted)
    with output_errors(output.parent), stored_source(connections.store, manifest) as source:
        output.parent.mkdir(parents=True, exist_ok=True)
        media = media_for(output, len(pages), in_folder=options.in_folder)
        with _sandbox(connections) as sandbox, atomic_file(output) as file:
            cards = Cards(
                connections.settings, connections.jobs, manifest, sandbox, media, source
            ).of(pages)
            template = _TEMPLATES.get_template("report.html.jinja")
            page = template.generate(**_context(facts, media, pages, options), cards=cards)
            file.writelines(harmless(page))
    return Written(media.folder, tuple(pages))


def harmless(parts: Iterable[str]) -> Iterator[bytes]:
    """The parts of a page without controls: names, labels and texts are what others wrote."""
    return (strip_control(part).encode() for part in parts)


def _sandbox(connections: Connections) -> Sandbox:
    memory = connections.settings.page_memory_mb
    return Sandbox("pagefleet-report", PROCESSES, memory, preload=PRELOAD)


def _context(
    facts: JobFacts, media: Media, pages: Sequence[PageToShow], options: ReportOptions
) -> dict[str, object]:
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
        "filters": _filters(pages),
        "index": [_index_entry(page) for page in pages],
        "worst": options.worst,
        "lazy": media.lazy,
        "marks": marks,
    }


def _index_entry(page: PageToShow) -> tuple[int, str]:
    """The page and the classes by which the filters find it."""
    if page.result is None:
        return page.page, marks("waiting", None)
    return page.page, marks(page.result.status, page.result.quality)


def _filters(pages: Sequence[PageToShow]) -> list[tuple[str, str, int]]:
    """Class, label and number of pages of each filter that finds pages."""
    found = Counter(name for page in pages for name in _index_entry(page)[1].split())
    statuses = [(f"s-{status}", status) for status in ("ok", "blank", "failed", "waiting")]
    limits = [(f"q{limit}", f"quality below {limit / 100:g}") for limit in FILTERS]
    return [(name, label, found[name]) for name, label in (*statuses, *limits) if found[name]]
