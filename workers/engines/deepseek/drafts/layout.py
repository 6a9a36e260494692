"""Which logits of a step belong to which sequence, and what a verified step results in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workers.engines.deepseek.no_repeat.banned_tokens import to_device

Tensor = Any


@dataclass(frozen=True)
class Layout:
    """The rows of a step's logits; all tensors are 32-bit integers on the device.

    A sequence with n drafts has n + 1 rows: one after its newest token, and one after each draft.
    """

    #: rows: the sequence of each row, and the row's number within its sequence.
    sequence: Tensor
    offset: Tensor
    #: sequences: the first row, and the number of drafts.
    first: Tensor
    drafts: Tensor
    #: Most drafts of a sequence.
    most: int


@dataclass(frozen=True)
class Verified:
    """The new tokens of a step."""

    #: sequences x (most drafts + 1): the new tokens of each sequence, then NONE.
    tokens: Tensor
    #: sequences: the number of new tokens, 0 for those that are discarded, and the last of them.
    counts: Tensor
    newest: Tensor


def layout_of(drafts: Sequence[int], device: Any) -> Layout:
    """The layout of a step with ``drafts`` drafts for each sequence, in one copy to the device."""
    counts = np.asarray(drafts, dtype=np.int32)
    sequences = len(counts)
    first = np.cumsum(counts + 1, dtype=np.int32) - counts - 1
    sequence = np.repeat(np.arange(sequences, dtype=np.int32), counts + 1)
    offset = np.arange(len(sequence), dtype=np.int32) - first[sequence]
    table = to_device(np.concatenate((sequence, offset, first, counts)), device)
    sizes = (len(sequence), len(sequence), sequences, sequences)
    sequence, offset, first, counted = table.split(sizes)
    return Layout(sequence, offset, first, counted, int(counts.max(initial=0)))
