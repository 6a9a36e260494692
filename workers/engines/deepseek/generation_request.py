"""What an engine asks the model about one prepared page."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shared.domain.errors import EngineFailed, HelperUnavailable
from shared.domain.records.options import PageOptions
from shared.domain.tasks import prompt_for
from workers.engines.contract import RenderedPage
from workers.engines.deepseek.modes import mode_for
from workers.engines.deepseek.page_shape import PageShape, shape_of
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prepared import read_page
from workers.engines.deepseek.prompt.encoder import PromptEncoder
from workers.engines.deepseek.prompt.token_ids import placeholders


@dataclass(frozen=True)
class GenerationRequest:
    """A prompt and the pixels of the page that it is about, as the model's input."""

    prompt: str
    options: PageOptions
    page: Picture | Views
    encoder: PromptEncoder
    #: File that holds ``page``; None for half a page, which exists in memory only.
    prepared: Path | None = None
    #: Token ids of a text that the answer is likely to repeat; () for none.
    reference: tuple[int, ...] = ()
    #: Benchmarks only: the answer that the model is taken to give; () for the model's own.
    replay: tuple[int, ...] = ()

    @cached_property
    def token_ids(self) -> list[int]:
        """Ids of the prompt with the page's image tokens; raises EngineFailed if too long."""
        return self.encoder.token_ids(self.prompt, self.options, self.page)

    @property
    def placeholders(self) -> tuple[int, int]:
        """Where the image tokens begin in ``token_ids``, and how many there are."""
        return placeholders(self.token_ids)

    @property
    def room(self) -> int:
        """Tokens left for the answer."""
        return self.encoder.room(self.token_ids)

    @property
    def shape(self) -> PageShape:
        """The layout of the page's file."""
        return shape_of(self.page)


def generation_request(view: RenderedPage, encoder: PromptEncoder) -> GenerationRequest:
    """The request for a rendered page; raises EngineFailed or HelperUnavailable."""
    if view.prepared is None:
        raise EngineFailed(f"page {view.page} came without the model's input")
    options = view.options
    prompt = prompt_for(options.task, options.prompt, options.query)
    try:
        page = read_page(view.prepared, mode_for(options, encoder.family))
        return GenerationRequest(prompt, options, page, encoder, view.prepared)
    except (OSError, ValueError) as error:
        raise HelperUnavailable(
            f"the prepared file of page {view.page} is gone or damaged: {error}"
        ) from None
