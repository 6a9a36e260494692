"""The page options of one document, from the options of its command and its number of pages."""

from producer.submission.request import Request
from shared.domain.catalogue import engine_facts
from shared.domain.page_ranges import count, format_ranges, parse_ranges
from shared.domain.pools import Pool
from shared.domain.records.options import FallbackChoice, PageOptions, PageSettings


def page_options(request: Request, page_count: int) -> PageOptions:
    """The page options for a document of ``page_count`` pages; ``request`` was checked before.

    Raises UsageError, or BrokerUnreachable where the fleet has to be asked for a pool.
    """
    settings, pool = request.settings, request.pool()
    page_settings = {name: getattr(settings, name) for name in PageSettings.model_fields}
    page_settings["fallback"] = _fallback(request, pool)
    return PageOptions(
        task=request.task,
        prompt=request.prompt,
        query=request.query,
        pages=_selection(request.pages, page_count),
        engine=pool.engine,
        model=pool.model,
        revision=pool.revision,
        **page_settings,
    )


def _fallback(request: Request, pool: Pool) -> FallbackChoice:
    """The fallback engine; none where it is the job's engine or can't do the task."""
    name = request.settings.fallback
    if name == "none" or name == pool.engine:
        return "none"
    return name if request.task in engine_facts(name).tasks else "none"


def _selection(pages: str | None, page_count: int) -> str | None:
    """The canonical page list; None for all pages, however they were written."""
    if pages is None:
        return None
    ranges = parse_ranges(pages, page_count)
    return None if count(ranges) == page_count else format_ranges(ranges)
