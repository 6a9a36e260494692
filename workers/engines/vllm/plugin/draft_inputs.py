"""Prepares the input of a drafted step without Python for each drafted token.

vLLM builds lists of thousands of indices at each step with drafts, while the GPU waits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from workers.engines.deepseek.no_repeat.banned_tokens import to_device
from workers.engines.vllm.plugin.drafts import drafter_of
from workers.engines.vllm.plugin.process_guard import in_pagefleet_engine

#: vLLM's token for a draft that only the device knows.
_PLACEHOLDER = -1
Array = Any


@dataclass(frozen=True)
class Sources:
    """Where the input tokens of a step come from that only the device knows."""

    #: Positions of the input that follow each sequence's newest token, and its row before.
    newest: Array
    rows: Array
    #: Positions of the input that are drafts, and their places among all proposed drafts.
    drafted: Array
    drafts: Array

    @property
    def known_before(self) -> int:
        """Sequences that were in the step before."""
        return len(self.rows)


def sources_of(previous: Array, counts: Array, ends: Array, proposed: int) -> Sources:
    """``previous``: sequences, the row in the step before, negative for new ones.

    ``counts``: sequences, their drafts. ``ends``: sequences, the end of each one's input.
    ``proposed``: drafts of each row that were proposed.
    """
    old = np.flatnonzero(previous >= 0)
    rows, own, last = previous[old], counts[old], ends[old] - 1
    newest = last - own
    within = np.arange(own.sum()) - np.repeat(np.cumsum(own) - own, own)
    return Sources(
        newest,
        rows,
        np.repeat(newest + 1, own) + within,
        np.repeat(rows * proposed, own) + within,
    )


def prepare_input_ids(original: Any) -> Any:
    """``GPUModelRunner._prepare_input_ids``: one copy to the device instead of lists."""

    def _prepare_input_ids(
        self: Any, scheduler_output: Any, num_reqs: int, total: int, cu_num_tokens: Array
    ) -> None:
        before = self.input_batch.prev_sampled_token_ids
        if drafter_of(self) is None or before is None or self.enable_prompt_embeds:
            original(self, scheduler_output, num_reqs, total, cu_num_tokens)
            return
        counts = _counts(self.input_batch.req_ids, scheduler_output.scheduled_spec_decode_tokens)
        sources = sources_of(
            self.prev_positions.np[:num_reqs], counts, cu_num_tokens, self.prev_num_spec_tokens
        )
        if sources.known_before < total - len(sources.drafted):
            self.input_ids.copy_to_gpu(total)
        _fill(self.input_ids.gpu, before[:, 0], self._draft_token_ids, sources)

    return _prepare_input_ids


def _counts(names: Sequence[str], scheduled: Mapping[str, Sequence[int]]) -> Array:
    return np.fromiter((len(scheduled.get(name, ())) for name in names), np.int64, len(names))


def _fill(ids: Any, newest: Any, drafts: Any, sources: Sources) -> None:
    """Write the newest tokens and the drafts of the step before into the input ``ids``."""
    parts = (sources.newest, sources.rows, sources.drafted, sources.drafts)
    table = to_device(np.concatenate(parts), ids.device).long()
    at, rows, drafted, places = table.split([len(part) for part in parts])
    ids[at] = newest[rows].to(ids.dtype)
    if len(drafted) and isinstance(drafts, torch.Tensor):
        ids[drafted] = drafts.flatten()[places].to(ids.dtype)


def update_spec_token_ids(original: Any) -> Any:
    """``InputBatch.update_req_spec_token_ids``: don't write placeholders into the host's tokens."""

    def update_req_spec_token_ids(
        self: Any, request: Any, scheduled_spec_tokens: Mapping[str, Sequence[int]]
    ) -> None:
        drafts = scheduled_spec_tokens.get(request.req_id, ())
        if not in_pagefleet_engine() or (drafts and drafts[0] != _PLACEHOLDER):
            original(self, request, scheduled_spec_tokens)
            return
        request.prev_num_draft_len = len(drafts)
        self.spec_token_ids[self.req_id_to_index[request.req_id]].clear()

    return update_req_spec_token_ids
