"""Adds to a page's result what the engine and the page itself say about its text."""

from shared.domain.catalogue import engine_facts
from shared.domain.job_ids import level_of
from shared.domain.records.page_result import PageResult
from shared.domain.serialization.compatibility import FIRST_LEVEL
from shared.domain.tasks import Task
from workers.engines.contract import Reading, RenderedPage
from workers.pipeline.rendering import RenderResult

#: Tasks that return the text of the page.
_TASKS_OF_TEXT = frozenset({Task.MARKDOWN, Task.OCR, Task.FREE_OCR})


def judged(result: PageResult, reading: Reading, rendered: RenderResult) -> PageResult:
    """``result`` with the confidence of the engine and the quality of the text."""
    if level_of(result.job_id) == FIRST_LEVEL:
        return result  # workers of the first release refuse fields that they do not know
    quality = None
    if result.task in _TASKS_OF_TEXT and engine_facts(result.engine.name).reads_text:
        # Imported with the first page, because its arithmetic needs NumPy.
        from workers.pipeline.quality import judge
        from workers.pipeline.quality.judged_page import JudgedPage

        quality = judge(JudgedPage.of(reading, rendered.evidence, _refused(reading, rendered.view)))
    return result.model_copy(update={"confidence": reading.confidence, "quality": quality})


def _refused(reading: Reading, view: RenderedPage) -> bool:
    """Whether the engine could use the page's text layer and read the pixels instead."""
    source = None if reading.confidence is None else reading.confidence.source
    return view.options.text_layer == "auto" and source == "pixels"
