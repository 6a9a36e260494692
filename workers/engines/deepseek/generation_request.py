"""What an engine is asked about a page."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.errors import EngineFailed, HelperUnavailable
from shared.domain.records import PageOptions
from shared.domain.tasks import prompt_for
from workers.engines.contract import PageView
from workers.engines.deepseek.modes import Family, mode_for
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prepared import read_page


@dataclass(frozen=True)
class Question:
    """What is asked of which picture."""

    prompt: str
    options: PageOptions
    page: Picture | Views
    family: Family
    #: Where the page comes from; None where it was made anew.
    prepared: Path | None = None


def question_of(view: PageView, family: Family) -> Question:
    """The question about a rendered page; raises EngineFailed or HelperUnavailable."""
    if view.prepared is None:
        raise EngineFailed(f"page {view.page} came without the model's input")
    options = view.options
    prompt = prompt_for(options.task, options.prompt, options.query)
    try:
        page = read_page(view.prepared, mode_for(options, family))
        return Question(prompt, options, page, family, view.prepared)
    except (OSError, ValueError) as error:
        raise HelperUnavailable(f"what was prepared of page {view.page} is gone: {error}") from None
