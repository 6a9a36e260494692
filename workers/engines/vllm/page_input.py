"""A prepared page as finished input of vLLM's engine, so that its front end has nothing to do.

vLLM would resize, tokenise and hash each page in one thread. Here all of that is done already. The
pixels stay in their file until the process that runs the model reads them.
"""

from pathlib import Path
from typing import Any

from workers.engines.deepseek.page_shape import shape_of
from workers.engines.deepseek.pixels import Picture, Views
from workers.engines.deepseek.prompt_ids import placeholder_offset

_IMAGE = "image"


def page_input(ids: list[int], page: Picture | Views, path: Path, name: str) -> Any:
    """vLLM's input for a page.

    ``path``: the file of ``page``, which must exist until the answer is complete. ``name`` must be
    unique among the pages in flight.
    """
    from vllm.inputs.engine import mm_input
    from vllm.multimodal.inputs import MultiModalKwargsItems, PlaceholderRange

    offset = placeholder_offset(ids)
    placeholders = PlaceholderRange(offset=offset, length=ids.count(ids[offset]))
    return mm_input(
        prompt_token_ids=ids,
        mm_kwargs=MultiModalKwargsItems({_IMAGE: [_item(page, path)]}),
        mm_hashes={_IMAGE: [name]},
        mm_placeholders={_IMAGE: [placeholders]},
    )


def _item(page: Picture | Views, path: Path) -> Any:
    import torch
    from vllm.multimodal.inputs import (
        MultiModalBatchedField,
        MultiModalFieldElem,
        MultiModalKwargsItem,
    )

    from workers.engines.vllm.plugin.uint8_inputs import GRID, PATH, SHAPE

    host = MultiModalBatchedField(keep_on_cpu=True)
    tensors = {
        PATH: torch.tensor(list(bytes(path)), dtype=torch.uint8),
        SHAPE: torch.tensor(shape_of(page)),
        GRID: torch.tensor(page.grid),
    }
    return MultiModalKwargsItem(
        {key: MultiModalFieldElem(data=data, field=host) for key, data in tensors.items()}
    )
