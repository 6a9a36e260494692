"""Writes the result of a page that was read, or that is blank."""

from shared.domain.records.page_result import EngineInfo, Figure, PageImage, PageResult, Timings
from workers.engines.contract import Reading, RenderedPage
from workers.pipeline.page_to_read import PageToRead


def blank_result(
    page: PageToRead, view: RenderedPage, engine: EngineInfo, timings: Timings
) -> PageResult:
    """The result of a page without content, which no engine reads."""
    return PageResult(
        job_id=page.manifest.job_id,
        page=page.page,
        status="blank",
        task=page.manifest.options.task,
        image=PageImage(width=view.width, height=view.height),
        engine=engine,
        attempts=page.attempt,
        timings_ms=timings,
    )


def ok_result(
    page: PageToRead,
    view: RenderedPage,
    reading: Reading,
    engine: EngineInfo,
    figures: tuple[Figure, ...],
    timings: Timings,
) -> PageResult:
    """The result of a page that ``engine`` read."""
    return PageResult(
        job_id=page.manifest.job_id,
        page=page.page,
        status="ok",
        task=page.manifest.options.task,
        markdown=reading.markdown,
        blocks=reading.blocks,
        figures=figures,
        image=_upright_image(view, reading),
        engine=engine,
        finish_reason=reading.finish_reason,
        prompt_tokens=reading.prompt_tokens,
        output_tokens=reading.output_tokens,
        attempts=page.attempt,
        timings_ms=timings,
    )


def _upright_image(view: RenderedPage, reading: Reading) -> PageImage:
    """The image's size after it has been turned upright."""
    width, height = view.width, view.height
    if reading.rotation in (90, 270):
        width, height = height, width
    return PageImage(width=width, height=height, rotation=reading.rotation)
