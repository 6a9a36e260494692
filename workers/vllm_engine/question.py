"""What an engine is asked about a page."""

from dataclasses import dataclass
from pathlib import Path

from shared.errors import EngineFailed, HelperUnavailable
from shared.records import PageOptions
from shared.tasks import prompt_for
from workers.deepseek.modes import Family
from workers.deepseek.pixels import Views
from workers.deepseek.prepared import read_levels
from workers.engines.base import PageView


@dataclass(frozen=True)
class Question:
    """What is asked of which picture."""

    prompt: str
    options: PageOptions
    views: Views
    family: Family
    #: Where the views come from; None where they were made anew.
    prepared: Path | None = None


def question_of(view: PageView, family: Family) -> Question:
    """The question about a rendered page; raises EngineFailed or HelperUnavailable."""
    if view.prepared is None:
        raise EngineFailed(f"page {view.page} came without the model's input")
    options = view.options
    prompt = prompt_for(options.task, options.prompt, options.query)
    try:
        return Question(prompt, options, read_levels(view.prepared), family, view.prepared)
    except (OSError, ValueError) as error:
        raise HelperUnavailable(f"what was prepared of page {view.page} is gone: {error}") from None
