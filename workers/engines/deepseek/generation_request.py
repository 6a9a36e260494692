"""What an engine asks the model about one prepared page."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import EngineFailed, HelperUnavailable
from shared.domain.records import PageOptions
from shared.domain.tasks import prompt_for
from workers.engines.contract import RenderedPage
from workers.engines.deepseek.modes import Family, mode_for
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prepared import read_page


@dataclass(frozen=True)
class GenerationRequest:
    """A prompt and the pixels of the page that it is about."""

    prompt: str
    options: PageOptions
    page: Picture | Views
    family: Family
    #: File that holds ``page``; None for half a page, which exists in memory only.
    prepared: Path | None = None


def generation_request(view: RenderedPage, family: Family) -> GenerationRequest:
    """The request for a rendered page; raises EngineFailed or HelperUnavailable."""
    if view.prepared is None:
        raise EngineFailed(f"page {view.page} came without the model's input")
    options = view.options
    prompt = prompt_for(options.task, options.prompt, options.query)
    try:
        page = read_page(view.prepared, mode_for(options, family))
        return GenerationRequest(prompt, options, page, family, view.prepared)
    except (OSError, ValueError) as error:
        raise HelperUnavailable(
            f"the prepared file of page {view.page} is gone or damaged: {error}"
        ) from None
