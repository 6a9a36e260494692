"""A prepared page as the finished input of vLLM's engine, so that nothing is left to its front end.

What vLLM would do for each page in one thread (resize, tokenise, hash) is done already. The pixels
stay in the file where they were prepared until the process that runs the model reads them.
"""

from pathlib import Path
from typing import Any

from shared.domain.errors import EngineFailed
from shared.domain.records import PageOptions
from workers.engines.deepseek.modes import Family, mode_for
from workers.engines.deepseek.page_shape import shape_of
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prompt_ids import Encode, placeholder_offset, prompt_token_ids

#: Tokens that an answer must at least have room for.
LEAST_ROOM = 256
_IMAGE = "image"


class Inputs:
    """Builds inputs for one model; ``encode`` makes token ids of text, without special ones."""

    def __init__(self, encode: Encode, family: Family, longest: int) -> None:
        self._encode = encode
        self._family = family
        self._longest = longest
        self._known: dict[str, list[int]] = {}

    def token_ids(self, prompt: str, options: PageOptions, page: Picture | Views) -> list[int]:
        """Ids of ``prompt`` with the page's placeholders; raises EngineFailed if it is too long."""
        placeholders = mode_for(options, self._family).tokens(page.grid)
        ids = prompt_token_ids(prompt, placeholders, self._encoded)
        if len(ids) + LEAST_ROOM > self._longest:
            raise EngineFailed(
                f"the prompt takes {len(ids)} of {self._longest} tokens (max_model_len) and "
                "leaves no room for an answer; shorten the prompt or query"
            )
        return ids

    def _encoded(self, text: str) -> list[int]:
        if text not in self._known:
            if len(self._known) > 1000:
                self._known.clear()
            self._known[text] = self._encode(text)
        return self._known[text]

    def room(self, ids: list[int]) -> int:
        """Tokens that an answer to ``ids`` may have."""
        return self._longest - len(ids)


def page_input(ids: list[int], page: Picture | Views, place: Path, name: str) -> Any:
    """vLLM's finished input; ``name`` must be the page's own among those in flight.

    ``place``: where ``page`` lies until the answer has come.
    """
    from vllm.inputs.engine import mm_input
    from vllm.multimodal.inputs import MultiModalKwargsItems, PlaceholderRange

    offset = placeholder_offset(ids)
    placeholders = PlaceholderRange(offset=offset, length=ids.count(ids[offset]))
    return mm_input(
        prompt_token_ids=ids,
        mm_kwargs=MultiModalKwargsItems({_IMAGE: [_item(page, place)]}),
        mm_hashes={_IMAGE: [name]},
        mm_placeholders={_IMAGE: [placeholders]},
    )


def _item(page: Picture | Views, place: Path) -> Any:
    import torch
    from vllm.multimodal.inputs import (
        MultiModalBatchedField,
        MultiModalFieldElem,
        MultiModalKwargsItem,
    )

    from workers.engines.vllm.plugin.uint8_inputs import GRID, PLACE, SHAPE

    host = MultiModalBatchedField(keep_on_cpu=True)
    numbers = {
        PLACE: torch.tensor(list(bytes(place)), dtype=torch.uint8),
        SHAPE: torch.tensor(shape_of(page)),
        GRID: torch.tensor(page.grid),
    }
    found = {key: MultiModalFieldElem(data=data, field=host) for key, data in numbers.items()}
    return MultiModalKwargsItem(found)
