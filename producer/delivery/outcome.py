"""How one input ended, for people, for ``--json`` and for the exit status."""

import json
from dataclasses import dataclass

from shared.console.printable import printable
from shared.domain.errors import ExitCode, PagefleetError
from shared.domain.page_ranges import count, expand
from shared.domain.records import Counts, Done, ErrorInfo, Manifest
from shared.jobs.job_store import JobStore, selected


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

    def as_json(self) -> str:
        """The contract's JSON line."""
        return json.dumps(
            {
                "input": self.input,
                "job_id": self.job_id,
                "status": self.status,
                "pages": self.pages,
                "counts": self.counts.model_dump(),
                "markdown": self.markdown,
                "error": self.error.model_dump() if self.error else None,
            },
            ensure_ascii=False,
        )

    def as_text(self) -> str:
        """One line for a person."""
        if self.markdown is None and self.error is not None:
            return f"{printable(self.input)}: error[{self.error.code}]: {self.error.message}"
        ended = f"{self.counts.ok} ok, {self.counts.blank} blank, {self.counts.failed} failed"
        where = f" -> {self.markdown}" if self.markdown else ""
        why = f"; error[{self.error.code}]: {self.error.message}" if self.error else ""
        return f"{printable(self.input)}: {self.status} ({ended}){where}{why}"


def refused(word: str, error: Exception) -> Outcome:
    """The outcome of an input that never became a job."""
    known = _known(error)
    return Outcome(word, None, "failed", 0, Counts(), None, _info(known), known.exit_code)


def undelivered(word: str, manifest: Manifest, done: Done, error: Exception) -> Outcome:
    """The outcome of a job that ended and whose document could not be written."""
    known, pages = _known(error), count(selected(manifest))
    job_id = manifest.job_id
    return Outcome(word, job_id, "failed", pages, done.counts, None, _info(known), known.exit_code)


def _known(error: Exception) -> PagefleetError:
    """What nobody foresaw over one document must not take the others with it."""
    if isinstance(error, PagefleetError):
        return error
    return PagefleetError(f"{type(error).__name__}: {error}")


def _info(error: PagefleetError) -> ErrorInfo:
    return ErrorInfo(code=error.code, message=error.message)


def ended(
    word: str, manifest: Manifest, done: Done, markdown: str | None, jobs: JobStore
) -> Outcome:
    """The outcome of a job with ``_DONE``."""
    pages = count(selected(manifest))
    code = ExitCode.OK if done.status == "ok" else ExitCode.FAILED_PAGES
    error = None if done.status in ("ok", "partial") else _reason(manifest, done, jobs)
    return Outcome(word, manifest.job_id, done.status, pages, done.counts, markdown, error, code)


def _reason(manifest: Manifest, done: Done, jobs: JobStore) -> ErrorInfo:
    """The first failure stands for all of them."""
    states = jobs.page_states(manifest.job_id)
    first = next((page for page in expand(selected(manifest)) if page in states.failed), None)
    result = jobs.result(manifest.job_id, first) if first is not None else None
    if result is None or result.error is None:
        return ErrorInfo(code="internal", message=f"the job ended as {done.status}")
    message = f"{done.counts.failed} pages failed; page {first}: {result.error.message}"
    return ErrorInfo(code=result.error.code, message=message)
