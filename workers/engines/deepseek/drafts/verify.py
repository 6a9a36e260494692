"""Greedy verification of drafts: an answer gets exactly the tokens that it gets without drafts.

The model computes logits at every drafted position in one step. A drafted token is accepted while
it is the most probable one at its position; the first other one is replaced by the most probable.
"""

from dataclasses import dataclass
from typing import Any

import torch

from workers.engines.deepseek.drafts.placeholders import NONE

Tensor = Any


@dataclass(frozen=True)
class Layout:
    """Which rows of the logits belong to which sequence of a step.

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


def layout_of(drafts: Tensor, most: int, rows: int) -> Layout:
    """The layout of a step with ``drafts`` drafts for each sequence, at most ``most``.

    ``rows`` is their sum plus the number of sequences, known on the host.
    """
    ends = (drafts + 1).cumsum(0)
    first = ends - drafts - 1
    row = torch.arange(rows, device=drafts.device)
    sequence = torch.searchsorted(ends, row, right=True)
    return Layout(sequence, row - first[sequence], first, drafts, most)


def accepted_tokens(best: Tensor, drafted: Tensor, layout: Layout) -> Tensor:
    """sequences x (most + 1): the new tokens of each sequence, then NONE.

    ``best``: rows, the most probable token. ``drafted``: rows, the token that the row's position
    was drafted with; ignored for the first row of a sequence.
    """
    columns = torch.arange(layout.most + 1, device=best.device)
    rows = layout.first.unsqueeze(1) + columns
    inside = columns <= layout.drafts.unsqueeze(1)
    rows = torch.where(inside, rows, layout.first.unsqueeze(1))
    tokens = best[rows]
    # Token n+1 counts only if the draft of position n+1 is token n.
    right = (drafted[rows][:, 1:] == tokens[:, :-1]) & inside[:, 1:]
    kept = torch.nn.functional.pad(right.int().cumprod(1), (1, 0), value=1).bool()
    return torch.where(kept, tokens, NONE)
