"""A prepared page as finished input of vLLM's engine, so that its front end has nothing to do.

vLLM would resize, tokenise and hash each page in one thread. Here all of that is done already. The
pixels stay in their file until the process that runs the model reads them.
"""

from pathlib import Path
from typing import Any

from workers.engines.deepseek.generation_request import GenerationRequest

_IMAGE = "image"


def page_input(request: GenerationRequest, path: Path, name: str) -> Any:
    """vLLM's input for a page.

    ``path``: the file of the page, which must exist until the answer is complete. ``name`` must be
    unique among the pages in flight.
    """
    from vllm.inputs.engine import mm_input
    from vllm.multimodal.inputs import MultiModalKwargsItems, PlaceholderRange

    offset, length = request.placeholders
    placeholders = PlaceholderRange(offset=offset, length=length)
    return mm_input(
        prompt_token_ids=request.token_ids,
        mm_kwargs=MultiModalKwargsItems({_IMAGE: [_item(request, path)]}),
        mm_hashes={_IMAGE: [name]},
        mm_placeholders={_IMAGE: [placeholders]},
    )


def _item(request: GenerationRequest, path: Path) -> Any:
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
        SHAPE: torch.tensor(request.shape),
        GRID: torch.tensor(request.page.grid),
    }
    return MultiModalKwargsItem(
        {key: MultiModalFieldElem(data=data, field=host) for key, data in tensors.items()}
    )
