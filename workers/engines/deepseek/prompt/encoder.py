"""Encodes the prompt of a page as token ids and checks that it leaves room for an answer."""

from shared.domain.errors import EngineFailed
from shared.domain.records.options import PageOptions
from workers.engines.deepseek.modes import Family, mode_for
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prompt.token_ids import Encode, prompt_token_ids

#: Tokens that must remain for the answer.
LEAST_ROOM = 256
_CACHED_TEXTS = 1000


class PromptEncoder:
    """For one model; ``encode`` turns text into token ids without special tokens."""

    def __init__(self, encode: Encode, family: Family, longest: int) -> None:
        """``longest``: tokens of prompt and answer together."""
        self._encode = encode
        self.family: Family = family
        self._longest = longest
        self._cache: dict[str, list[int]] = {}

    def token_ids(self, prompt: str, options: PageOptions, page: Picture | Views) -> list[int]:
        """Ids of ``prompt`` with the page's image tokens; raises EngineFailed if it is too long."""
        image_tokens = mode_for(options, self.family).tokens(page.grid)
        ids = prompt_token_ids(prompt, image_tokens, self._encoded)
        if len(ids) + LEAST_ROOM > self._longest:
            raise EngineFailed(
                f"the prompt takes {len(ids)} of {self._longest} tokens (max_model_len) and "
                "leaves no room for an answer; shorten the prompt or query"
            )
        return ids

    def _encoded(self, text: str) -> list[int]:
        if text not in self._cache:
            if len(self._cache) > _CACHED_TEXTS:
                self._cache.clear()
            self._cache[text] = self._encode(text)
        return self._cache[text]

    def room(self, ids: list[int]) -> int:
        """Tokens left for the answer to ``ids``."""
        return self._longest - len(ids)
