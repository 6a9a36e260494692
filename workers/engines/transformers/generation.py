"""Runs one batch of requests through the model; called in a thread, one batch at a time."""

from collections.abc import Sequence
from typing import Any

import torch

from workers.engines.deepseek.completion import Completion, ends_in_loop
from workers.engines.deepseek.pixel_values import pixel_value_table
from workers.engines.deepseek.pixels import Views
from workers.engines.deepseek.prompt.token_ids import END_ID
from workers.engines.transformers.batch_request import BatchRequest
from workers.engines.transformers.loading import Loaded
from workers.engines.transformers.no_repeat import NoRepeatNGramLogitsProcessor

PAD_ID = 2
#: Tokens between two checks whether an answer repeats itself.
LOOP_CHECK_TOKENS = 128

Tensor = Any


class StopRows:
    """A stopping criterion that ends each row on its own and records why and at which length."""

    def __init__(self, batch: Sequence[BatchRequest], prompt: int) -> None:
        self._batch = batch
        self._prompt = prompt
        #: Row -> (tokens, reason) of rows that did not end with the model's end mark.
        self.ended: dict[int, tuple[int, str]] = {}

    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs: Any) -> Tensor:
        """Booleans: which rows have ended."""
        length = input_ids.shape[1] - self._prompt
        for row, request in enumerate(self._batch):
            if row not in self.ended:
                reason = self._reason(request, input_ids[row], length)
                if reason is not None:
                    self.ended[row] = (length, reason)
        done = [row in self.ended for row in range(len(self._batch))]
        return torch.tensor(done, device=input_ids.device)

    def _reason(self, request: BatchRequest, row: Tensor, length: int) -> str | None:
        if request.cancelled.is_set():
            return "abort"
        if length >= request.room:
            return "length"
        check = length % LOOP_CHECK_TOKENS == 0
        if check and ends_in_loop(tuple(row[self._prompt :].tolist())):
            return None if request.fixed else "repetition"
        return None


def generate(
    loaded: Loaded, batch: Sequence[BatchRequest], streamer: Any = None
) -> list[Completion]:
    """The completions in the order of ``batch``, whose requests are of one kind."""
    prompt = max(len(request.ids) for request in batch)
    stop_rows = StopRows(batch, prompt)
    with torch.inference_mode():
        output = loaded.model.generate(
            **_inputs(loaded, batch, prompt),
            **_sampling_arguments(batch[0].sampling.temperature),
            max_new_tokens=max(request.room for request in batch),
            eos_token_id=None if batch[0].fixed else END_ID,
            pad_token_id=PAD_ID,
            logits_processor=[NoRepeatNGramLogitsProcessor(batch[0].sampling, prompt)],
            stopping_criteria=[stop_rows],
            streamer=streamer,
        )
    rows = output[:, prompt:].tolist()
    return [
        _completion(request, rows[n], stop_rows.ended.get(n)) for n, request in enumerate(batch)
    ]


def _sampling_arguments(temperature: float) -> dict[str, Any]:
    """Always explicit: the checkpoint's generation configuration may hold other settings."""
    if temperature:
        return {"do_sample": True, "temperature": temperature}
    return {"do_sample": False}


def _completion(request: BatchRequest, row: list[int], ended: tuple[int, str] | None) -> Completion:
    if not request.fixed and END_ID in row:
        row = row[: row.index(END_ID) + 1]
        return Completion(tuple(row), "stop", len(request.ids))
    length, reason = ended if ended is not None else (len(row), "length")
    return Completion(tuple(row[:length]), "stop" if request.fixed else reason, len(request.ids))


def _inputs(loaded: Loaded, batch: Sequence[BatchRequest], prompt: int) -> dict[str, Any]:
    device = loaded.model.device
    # Padding precedes the prompt, so that all answers start at the same column.
    gaps = [prompt - len(request.ids) for request in batch]
    ids = [[PAD_ID] * gap + request.ids for gap, request in zip(gaps, batch, strict=True)]
    mask = [[0] * gap + [1] * (prompt - gap) for gap in gaps]
    inputs = {
        "input_ids": torch.tensor(ids, device=device),
        "attention_mask": torch.tensor(mask, device=device),
        **_pixels(loaded, [request.views for request in batch]),
    }
    if loaded.family == "ocr":
        inputs["patches_grid"] = [list(request.views.grid) for request in batch]
    return inputs


def _pixels(loaded: Loaded, pages: Sequence[Views]) -> dict[str, Any]:
    table = pixel_value_table(loaded.model.dtype, loaded.model.device)

    def values(levels: Any) -> Tensor:
        stack = torch.from_numpy(levels.copy()).to(loaded.model.device).int()
        return table[stack].expand(-1, 3, -1, -1)

    tiles = [values(page.tiles) for page in pages if len(page.tiles)]
    return {
        "pixel_values": torch.cat([values(page.whole[None]) for page in pages]),
        "pixel_values_local": torch.cat(tiles) if tiles else None,
        "num_local_patches": [len(page.tiles) for page in pages],
    }
