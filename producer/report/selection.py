"""Chooses the pages of a report: all in order, or the worst first."""

from collections.abc import Iterable

from producer.report.pages import PageToShow
from producer.report.parts import page_parts
from shared.domain.page_ranges import expand
from shared.domain.records.job import Manifest
from shared.domain.records.options import RenderOptions
from shared.domain.records.page_result import PageResult
from shared.jobs.job_store import JobStore


def pages_to_show(jobs: JobStore, manifest: Manifest, worst: int | None) -> list[PageToShow]:
    """All selected pages, also those without a result; or the ``worst`` ones, worst first."""
    pages = list(expand(manifest.page_ranges))
    states = jobs.page_states(manifest.job_id)
    read = [page for page in pages if page in states.all]
    results = {each.page: each for each in jobs.results(manifest.job_id, read, states)}
    parts = page_parts(
        list(results.values()), RenderOptions(page_breaks="none"), complete=read == pages
    )
    chosen = pages if worst is None else worst_pages(results.values())[:worst]
    return [PageToShow(page, results.get(page), parts.get(page, ())) for page in chosen]


def worst_pages(results: Iterable[PageResult]) -> list[int]:
    """The failed pages, then those whose quality was judged, the lowest score first."""
    known = [each for each in results if each.status == "failed" or each.quality is not None]
    return [each.page for each in sorted(known, key=lambda each: (_score(each), each.page))]


def _score(result: PageResult) -> float:
    return result.quality.score if result.quality is not None else -1.0


def worst_line(page: PageToShow) -> str:
    """One line for terminals: the page, its score and the reasons."""
    result = page.result
    if result is None or result.quality is None:
        error = result.error if result is not None else None
        return f"page {page.page}: failed" + (f": {error.code}: {error.message}" if error else "")
    reasons = "; ".join(f"{each.code}: {each.message}" for each in result.quality.reasons)
    return f"page {page.page}: quality {result.quality.score:.2f}" + (
        f": {reasons}" if reasons else ""
    )
