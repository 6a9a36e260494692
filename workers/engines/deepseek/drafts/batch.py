"""The drafts of all pages in flight, on the device: verification and proposals."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from workers.engines.deepseek.drafts import tensor_operations
from workers.engines.deepseek.drafts.layout import Layout, Verified
from workers.engines.deepseek.drafts.tables import Page, Tables
from workers.engines.deepseek.no_repeat.banned_tokens import Span

Tensor = Any


class DraftBatch:
    """Verifies and proposes drafts; nothing is copied to the host."""

    def __init__(
        self,
        slots: int,
        longest: int,
        count: int,
        device: Any,
        operations: ModuleType | None = None,
    ) -> None:
        """``longest``: most tokens of an answer. ``count``: drafts of a page and step.

        ``operations``: ``kernels`` or ``tensor_operations``; None: what suits ``device``.
        """
        self.count = count
        self._tables = Tables(slots, longest, count, device)
        self._operations: Any = operations or _operations_for(device)

    def open(
        self, slots: Sequence[int], pages: Sequence[Page], outputs: Sequence[Sequence[int]]
    ) -> None:
        """Give ``slots`` to ``pages``, of which ``outputs`` were generated already."""
        self._tables.open(slots, pages, outputs)

    def best_tokens(
        self, logits: Tensor, drafted: Tensor, slots: Tensor, layout: Layout, span: Span | None
    ) -> Tensor:
        """rows: the most probable token of each row, under the rule of its page.

        Repetitions are banned in ``logits`` (rows x vocabulary), in place. ``drafted``: rows, the
        token that each row follows. ``slots``: sequences. ``span``: what the rules of the batch
        need; None if no page has one.
        """
        best: Tensor = self._operations.best_tokens(
            self._tables, logits, drafted, slots, layout, span
        )
        return best

    def settle(
        self,
        best: Tensor,
        drafted: Tensor,
        slots: Tensor,
        layout: Layout,
        *,
        forced: Tensor,
        discarded: Tensor,
    ) -> Verified:
        """Accept drafts and append the new tokens to the answers.

        ``forced``: sequences, the token of a sequence whose answer is random, else NONE.
        ``discarded``: sequences, whether the tokens are not part of the answer.
        """
        verified: Verified = self._operations.settle(
            self._tables, best, drafted, slots, layout, forced, discarded
        )
        return verified

    def propose(self, slots: Tensor, window: int) -> Tensor:
        """sequences x count: the drafts of the next step; missing ones are FILLER.

        ``window``: no answer has more tokens.
        """
        drafts: Tensor = self._operations.propose(self._tables, slots, window, self.count)
        return drafts


def _operations_for(device: Any) -> ModuleType:
    if str(device).startswith("cuda"):
        from workers.engines.deepseek.drafts import kernels

        return kernels
    return tensor_operations
