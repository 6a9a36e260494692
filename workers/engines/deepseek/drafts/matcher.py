"""Finds where each answer continues in a text that is already known, for all sequences at once.

The last tokens of an answer are looked up in a table of known tokens. The tokens after the best
match are the draft. A wrong draft costs time and never changes an answer. There is no Python per
sequence and nothing is copied to the host.
"""

from dataclasses import dataclass
from typing import Any

import torch

from workers.engines.deepseek.drafts.placeholders import NONE

#: Tokens of an answer that are compared.
DEPTH = 4
#: Equal tokens that make a match in the reference text, and in the answer itself.
LEAST, LEAST_IN_ANSWER = 2, 3

Tensor = Any


@dataclass(frozen=True)
class Places:
    """One place per sequence in its table: the index of the token that should come next."""

    index: Tensor
    found: Tensor


def place_in_reference(table: Tensor, last: Tensor, expected: Tensor) -> Places:
    """The best match in each reference text.

    ``table``: rows x tokens. ``last``: rows x DEPTH, the newest last. ``expected``: the place that
    follows if the answer continued as drafted. The longest match wins, of equal ones the nearest to
    ``expected``, where places before it count as twice as far. One equal token is enough at
    ``expected`` itself. Where nothing matches, the place is ``expected``.
    """
    matched = _matched(table, last)
    offset = torch.arange(table.shape[1], device=table.device) - expected.unsqueeze(1)
    distance = torch.where(offset < 0, -2 * offset, offset)
    scores = matched * (2 * table.shape[1] + 1) - distance
    index = scores.argmax(1)
    best = matched.gather(1, index.unsqueeze(1)).squeeze(1)
    found = (best >= LEAST) | ((best >= 1) & (index == expected))
    return Places(torch.where(found, index, expected), found)


def place_in_answer(table: Tensor, last: Tensor, lengths: Tensor) -> Places:
    """The latest of the longest earlier occurrences of the last tokens of each answer.

    ``table``: rows x tokens, the answers; columns from ``lengths`` on are ignored.
    """
    columns = torch.arange(table.shape[1], device=table.device)
    matched = _matched(table, last) * (columns < lengths.unsqueeze(1))
    index = (matched * table.shape[1] + columns).argmax(1)
    best = matched.gather(1, index.unsqueeze(1)).squeeze(1)
    return Places(index, best >= LEAST_IN_ANSWER)


def tokens_at(table: Tensor, index: Tensor, count: int, ends: Tensor | None = None) -> Tensor:
    """rows x ``count``: the tokens from ``index`` on, NONE from the end of the row's text on.

    ``ends``: columns from these on are not part of the text.
    """
    width = table.shape[1]
    columns = index.unsqueeze(1) + torch.arange(count, device=table.device)
    tokens = table.gather(1, columns.clamp(0, width - 1))
    known = (tokens >= 0) & (columns < width)
    if ends is not None:
        known &= columns < ends.unsqueeze(1)
    return torch.where(known.cumprod(1).bool(), tokens, NONE)


def _matched(table: Tensor, last: Tensor) -> Tensor:
    """rows x columns: how many tokens before each column equal the last tokens of the row."""
    depth, width = last.shape[1], table.shape[1]
    padded = torch.nn.functional.pad(table, (depth, 0), value=NONE)
    run = torch.ones_like(table, dtype=torch.bool)
    matched = torch.zeros_like(table)
    for back in range(depth):
        start = depth - 1 - back
        run = run & (padded[:, start : start + width] == last[:, start].unsqueeze(1))
        matched += run
    return matched
