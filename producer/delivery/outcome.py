"""How one input ended: as JSON, as text, and as an exit code."""

from dataclasses import dataclass, replace

from shared.console.printable import json_line, printable
from shared.document.low_quality import LowQuality
from shared.document.outcome import PageScores, fallback_count
from shared.domain.errors import ExitCode, PagefleetError, worst
from shared.domain.page_ranges import count, expand
from shared.domain.records.job import Counts, Done, Manifest
from shared.domain.records.page_result import ErrorInfo
from shared.jobs.job_store import JobStore

UNKNOWN_QUALITY = (
    "the quality of its pages is not known: document.json is missing, damaged or larger than "
    "64 MiB; pagefleet fetch --min-quality reads the pages themselves"
)


@dataclass(frozen=True)
class Outcome:
    """One line of ``run --json`` and ``submit --wait --json``."""

    input: str
    job_id: str | None
    status: str
    pages: int
    counts: Counts
    markdown: str | None
    error: ErrorInfo | None
    exit_code: ExitCode
    #: What else a person should know; not in the JSON line.
    note: str = ""
    #: The file to show to a person where no Markdown is written; not in the JSON line.
    file: str | None = None
    #: None where the quality of the pages was not looked at.
    low_quality: LowQuality | None = None
    #: Whether the user named a limit of quality.
    has_limit: bool = False
    #: Pages that the fallback engine read.
    fallback: tuple[int, ...] = ()

    def with_note(self, note: str) -> "Outcome":
        """This outcome with one more note."""
        return replace(self, note=f"{self.note}; {note}" if self.note else note)

    def as_json(self) -> str:
        """The JSON line; its fields are a contract."""
        line: dict[str, object] = {
            "input": self.input,
            "job_id": self.job_id,
            "status": self.status,
            "pages": self.pages,
            "counts": self.counts.model_dump(),
            "markdown": self.markdown,
            "error": self.error.model_dump() if self.error else None,
        }
        if self.has_limit:
            line["low_quality"] = self.low_quality.pages if self.low_quality else ()
        if self.fallback:
            line["fallback"] = self.fallback
        return json_line(line)

    def as_text(self) -> str:
        """One line for terminals."""
        file = self.markdown or self.file
        if file is None and self.error is not None:
            return printable(f"{self.input}: error[{self.error.code}]: {self.error.message}")
        more = (self.low_quality.count if self.low_quality else "") + fallback_count(self.fallback)
        pages = f"{self.counts.ok} ok, {self.counts.blank} blank, {self.counts.failed} failed{more}"
        path = f" -> {file}" if file else ""
        reason = f"; error[{self.error.code}]: {self.error.message}" if self.error else ""
        note = f" ({self.note})" if self.note else ""
        return printable(f"{self.input}: {self.status} ({pages}){path}{reason}{note}")


def refused(word: str, error: Exception) -> Outcome:
    """The outcome of an input that did not become a job."""
    cause = _as_pagefleet_error(error)
    return Outcome(word, None, "failed", 0, Counts(), None, _info(cause), cause.exit_code)


def undelivered(word: str, manifest: Manifest, done: Done, error: Exception) -> Outcome:
    """The outcome of a job that ended and whose document could not be written."""
    cause, pages = _as_pagefleet_error(error), count(manifest.page_ranges)
    job_id = manifest.job_id
    return Outcome(word, job_id, "failed", pages, done.counts, None, _info(cause), cause.exit_code)


def ended(
    word: str, manifest: Manifest, done: Done, markdown: str | None, jobs: JobStore
) -> Outcome:
    """The outcome of a job with ``_DONE``; ``markdown`` is the path or URI of its document."""
    pages = count(manifest.page_ranges)
    code = ExitCode.OK if done.status == "ok" else ExitCode.FAILED_PAGES
    error = None if done.status in ("ok", "partial") else _first_failure(manifest, done, jobs)
    return Outcome(word, manifest.job_id, done.status, pages, done.counts, markdown, error, code)


def with_quality(outcome: Outcome, scores: PageScores, min_quality: float | None) -> Outcome:
    """``outcome`` with its pages of low quality; below ``min_quality`` they need attention."""
    low = LowQuality.of(scores, min_quality)
    outcome = replace(outcome, low_quality=low, has_limit=min_quality is not None)
    if min_quality is None or not low.pages:
        return outcome
    code = worst([outcome.exit_code, ExitCode.FAILED_PAGES])
    return replace(outcome, exit_code=code).with_note(f"look at {low.named}")


def without_quality(outcome: Outcome) -> Outcome:
    """``outcome`` of a document whose quality was asked for and is not known."""
    code = worst([outcome.exit_code, ExitCode.FAILED_PAGES])
    return replace(outcome, exit_code=code).with_note(UNKNOWN_QUALITY)


def _as_pagefleet_error(error: Exception) -> PagefleetError:
    """An unexpected error of one document is reported like any other, and the others go on."""
    if isinstance(error, PagefleetError):
        return error
    return PagefleetError(f"{type(error).__name__}: {error}")


def _info(error: PagefleetError) -> ErrorInfo:
    return ErrorInfo(code=error.code, message=error.message)


def _first_failure(manifest: Manifest, done: Done, jobs: JobStore) -> ErrorInfo:
    """The error of the first failed page, with the number of failed pages."""
    states = jobs.page_states(manifest.job_id)
    first = next((page for page in expand(manifest.page_ranges) if page in states.failed), None)
    result = jobs.result(manifest.job_id, first) if first is not None else None
    if result is None or result.error is None:
        return ErrorInfo(code="internal", message=f"the job ended as {done.status}")
    message = f"{done.counts.failed} pages failed; page {first}: {result.error.message}"
    return ErrorInfo(code=result.error.code, message=message)
