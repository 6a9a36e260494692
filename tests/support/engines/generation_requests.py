"""Generation requests about prepared pages, with a tokenizer of one id for each character."""

from shared.domain.records.options import PageOptions
from workers.engines.deepseek.generation_request import GenerationRequest
from workers.engines.deepseek.modes import Family
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prompt.encoder import PromptEncoder

#: Tokens of prompt and answer together.
LONGEST = 8192


def prompt_encoder(family: Family = "ocr") -> PromptEncoder:
    """For a model of ``family``."""
    return PromptEncoder(lambda text: [ord(character) for character in text], family, LONGEST)


def request_about(page: Picture | Views, options: PageOptions) -> GenerationRequest:
    """A request with the shortest prompt."""
    return GenerationRequest("<image>", options, page, prompt_encoder())
