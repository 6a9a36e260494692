"""Runs a batch of pages through the model; in a thread of its own, one batch at a time."""

from collections.abc import Sequence
from typing import Any

import torch

from workers.engines.deepseek.completion import Answered, ends_in_loop
from workers.engines.deepseek.pixels import Views
from workers.engines.deepseek.prompt_ids import END_ID
from workers.engines.transformers.generation_request import Asked
from workers.engines.transformers.loading import Loaded
from workers.engines.transformers.no_repeat import HoldBack
from workers.engines.vllm.plugin.uint8_inputs import level_table

PAD_ID = 2
#: Steps between two looks at whether an answer runs in a circle.
LOOK_EVERY = 128

Tensor = Any


class Ends:
    """A stopping criterion that ends each row for itself and remembers why and where."""

    def __init__(self, batch: Sequence[Asked], prompt: int) -> None:
        self._batch = batch
        self._prompt = prompt
        #: Tokens and reason of rows that ended otherwise than by the model's own mark.
        self.ended: dict[int, tuple[int, str]] = {}

    def __call__(self, input_ids: Tensor, scores: Tensor, **kwargs: Any) -> Tensor:
        """Which rows have ended, as booleans."""
        length = input_ids.shape[1] - self._prompt
        for row, asked in enumerate(self._batch):
            if row not in self.ended:
                reason = self._reason(asked, input_ids[row], length)
                if reason is not None:
                    self.ended[row] = (length, reason)
        done = [row in self.ended for row in range(len(self._batch))]
        return torch.tensor(done, device=input_ids.device)

    def _reason(self, asked: Asked, row: Tensor, length: int) -> str | None:
        if asked.let_go.is_set():
            return "abort"
        if length >= asked.room:
            return "length"
        if length % LOOK_EVERY == 0 and ends_in_loop(tuple(row[self._prompt :].tolist())):
            return None if asked.fixed else "repetition"
        return None


def generate(loaded: Loaded, batch: Sequence[Asked], streamer: Any = None) -> list[Answered]:
    """The answers, in the order of ``batch``, whose questions are all of one kind."""
    prompt = max(len(asked.ids) for asked in batch)
    ends = Ends(batch, prompt)
    temperature = batch[0].rung.temperature
    # Said in any case: the checkpoint's own configuration may hold settings for other uses.
    sampling: dict[str, Any] = {"do_sample": False}
    if temperature:
        sampling = {"do_sample": True, "temperature": temperature}
    with torch.inference_mode():
        made = loaded.model.generate(
            **_inputs(loaded, batch, prompt),
            **sampling,
            max_new_tokens=max(asked.room for asked in batch),
            eos_token_id=None if batch[0].fixed else END_ID,
            pad_token_id=PAD_ID,
            logits_processor=[HoldBack(batch[0].rung, prompt)],
            stopping_criteria=[ends],
            streamer=streamer,
        )
    rows = made[:, prompt:].tolist()
    return [_answered(asked, rows[n], ends.ended.get(n)) for n, asked in enumerate(batch)]


def _answered(asked: Asked, row: list[int], ended: tuple[int, str] | None) -> Answered:
    if not asked.fixed and END_ID in row:
        row = row[: row.index(END_ID) + 1]
        return Answered(tuple(row), "stop", len(asked.ids))
    length, reason = ended if ended is not None else (len(row), "length")
    return Answered(tuple(row[:length]), "stop" if asked.fixed else reason, len(asked.ids))


def _inputs(loaded: Loaded, batch: Sequence[Asked], prompt: int) -> dict[str, Any]:
    device = loaded.model.device
    # Padding stands before the prompt: answers begin at the same place in every row.
    gaps = [prompt - len(asked.ids) for asked in batch]
    ids = [[PAD_ID] * gap + asked.ids for gap, asked in zip(gaps, batch, strict=True)]
    mask = [[0] * gap + [1] * (prompt - gap) for gap in gaps]
    inputs = {
        "input_ids": torch.tensor(ids, device=device),
        "attention_mask": torch.tensor(mask, device=device),
        **_pixels(loaded, [asked.views for asked in batch]),
    }
    if loaded.family == "ocr":
        inputs["patches_grid"] = [list(asked.views.grid) for asked in batch]
    return inputs


def _pixels(loaded: Loaded, pages: Sequence[Views]) -> dict[str, Any]:
    table = level_table(loaded.model.dtype, loaded.model.device)

    def values(levels: Any) -> Tensor:
        stack = torch.from_numpy(levels.copy()).to(loaded.model.device).int()
        return table[stack].expand(-1, 3, -1, -1)

    tiles = [values(page.tiles) for page in pages if len(page.tiles)]
    return {
        "pixel_values": torch.cat([values(page.whole[None]) for page in pages]),
        "pixel_values_local": torch.cat(tiles) if tiles else None,
        "num_local_patches": [len(page.tiles) for page in pages],
    }
