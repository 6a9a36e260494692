"""Speculative decoding in vLLM's first model runner, with drafts from each page's known text.

vLLM's own proposers make the host wait for each step, or run Python for each page. Here the
answers, the known texts and the drafts stay on the device, and the host runs ahead as it does
without drafts. It schedules drafts for the pages for which they pay; the device fills them in.
"""

from typing import Any

import numpy as np
import torch

from workers.engines.deepseek.drafts.batch import DraftBatch
from workers.engines.deepseek.drafts.budget import DraftBudget
from workers.engines.deepseek.drafts.layout import Layout, Verified, layout_of
from workers.engines.deepseek.drafts.placeholders import NONE
from workers.engines.deepseek.drafts.request import REFERENCE, REPLAY, may_draft, unpacked
from workers.engines.deepseek.drafts.tables import Page
from workers.engines.deepseek.no_repeat.banned_tokens import Span, span_of, to_device
from workers.engines.deepseek.no_repeat.rule import Rule, rule_of
from workers.engines.vllm.plugin.patching import is_replaced

#: Columns of answers that are searched grow in such steps, so that their shapes repeat.
_WINDOW_STEP = 512
#: vLLM's name of its own proposer whose drafts stay on the device.
_ON_DEVICE = "ngram_gpu"


class DraftProposer:
    """vLLM's ``custom_class``: one per model runner. ``sample`` replaces vLLM's sampler."""

    def __init__(self, vllm_config: Any) -> None:
        """Raises ValueError where vLLM's own sampler, without the no-repeat rule, would run."""
        from vllm.v1.worker.gpu_model_runner import GPUModelRunner as Runner

        if not (is_replaced(Runner._sample) and is_replaced(Runner._bookkeeping_sync)):
            raise ValueError("this version of vLLM can't draft; set draft_source to none")
        self._config = vllm_config
        self._batch: DraftBatch | None = None
        self._slots: dict[str, int] = {}
        self._free: list[int] = []
        self._rules: dict[str, Rule] = {}
        self._span: Span | None = None
        #: The pages of the last step by row, and the device's slots of their rows.
        self._rows: list[str] = []
        self._row_slots: Any = None
        self._verified: Verified | None = None

    def load_model(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: drafts need no model."""

    def sample(self, runner: Any, logits: Any, metadata: Any) -> Any:
        """Verify the drafts of this step and keep its new tokens; vLLM's ``SamplerOutput``."""
        from vllm.v1.outputs import SamplerOutput

        batch = self._follow(runner)
        pages = runner.input_batch.num_reqs
        layout, drafted = _layout(runner, metadata, pages)
        best = batch.best_tokens(logits, drafted, self._row_slots, layout, self._span)
        self._verified = batch.settle(
            best,
            drafted,
            self._row_slots,
            layout,
            forced=_random_tokens(runner, logits, layout, pages),
            discarded=runner.discard_request_mask.gpu[:pages],
        )
        return SamplerOutput(sampled_token_ids=self._verified.tokens, logprobs_tensors=None)

    def note(self, runner: Any) -> None:
        """Tell the runner the number of new tokens; on the device, so that nothing waits."""
        verified = self._verified
        assert verified is not None
        runner._copy_valid_sampled_token_count(verified.newest, verified.counts)

    def propose(self, _sampled: Any, lengths: Any, _ids: Any, **_more: Any) -> Any:
        """The drafts of the next step, rows x drafts, on the device."""
        assert self._batch is not None
        rows = len(self._rows)
        window = int(np.max(lengths[:rows] - self._prompts[:rows])) + self._batch.count + 1
        window = -(-window // _WINDOW_STEP) * _WINDOW_STEP
        return self._batch.propose(self._row_slots, window)

    def _follow(self, runner: Any) -> DraftBatch:
        """Give slots to new pages and free those of ended ones; returns the tensors."""
        if self._batch is None:
            self._batch = self._create(runner)
        rows = runner.input_batch.req_ids
        self._prompts = runner.input_batch.num_prompt_tokens
        if rows == self._rows:
            return self._batch
        present = set(rows)
        for name in [name for name in self._slots if name not in present]:
            self._free.append(self._slots.pop(name))
            self._rules.pop(name, None)
        self._open([name for name in rows if name not in self._slots], runner)
        self._rows = list(rows)
        self._row_slots = to_device([self._slots[name] for name in rows], runner.device).long()
        self._span = span_of(self._rules.values())
        return self._batch

    def _create(self, runner: Any) -> DraftBatch:
        self._free = list(range(runner.max_num_reqs))
        count = self._config.speculative_config.num_speculative_tokens
        return DraftBatch(runner.max_num_reqs, runner.max_model_len, count, runner.device)

    def _open(self, names: list[str], runner: Any) -> None:
        if not names:
            return
        assert self._batch is not None
        pages, outputs = [], []
        for name in names:
            self._slots[name] = self._free.pop()
            request = runner.requests[name]
            pages.append(_page(request.sampling_params.extra_args))
            outputs.append([token for token in request.output_token_ids if token != NONE])
        self._rules |= {n: p.rule for n, p in zip(names, pages, strict=True) if p.rule is not None}
        self._batch.open([self._slots[name] for name in names], pages, outputs)


def _page(extra: Any) -> Page:
    return Page(unpacked(extra, REFERENCE), rule_of(extra), unpacked(extra, REPLAY))


def _layout(runner: Any, metadata: Any, pages: int) -> tuple[Layout, Any]:
    """The rows of this step's logits, and the token that each of them follows."""
    if metadata is None:
        layout = layout_of([0] * pages, runner.device)
        return layout, layout.offset
    layout = layout_of(metadata.num_draft_tokens, runner.device)
    return layout, runner.input_ids.gpu[metadata.logits_indices]


def _random_tokens(runner: Any, logits: Any, layout: Layout, pages: int) -> Any:
    """A random token for each row that has a temperature, which drafts nothing; else NONE.

    ``logits``: banned tokens have none.
    """
    sampling = runner.input_batch.sampling_metadata
    if sampling.all_greedy:
        return torch.full((pages,), NONE, dtype=torch.int32, device=logits.device)
    own = logits[layout.first.long()]
    sampled = runner.sampler(logits=own, sampling_metadata=sampling).sampled_token_ids.squeeze(1)
    return torch.where(sampling.temperature > 0, sampled, NONE).int()


def drafter_of(runner: Any) -> DraftProposer | None:
    """The runner's proposer, if it is this module's."""
    drafter = getattr(runner, "drafter", None)
    return drafter if isinstance(drafter, DraftProposer) else None


def keep_asynchronous(original: Any) -> Any:
    """``VllmConfig.__post_init__``: schedule asynchronously, as with vLLM's proposer on the GPU.

    vLLM turns it off for all own proposers, because it expects their drafts on the host.
    """

    def __post_init__(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not drafts_here(self):
            return original(self, *args, **kwargs)
        method, self.speculative_config.method = self.speculative_config.method, _ON_DEVICE
        try:
            return original(self, *args, **kwargs)
        finally:
            self.speculative_config.method = method

    return __post_init__


def sample(original: Any) -> Any:
    """``GPUModelRunner._sample``: verify drafts with the logits read once."""

    def _sample(self: Any, logits: Any, spec_decode_metadata: Any) -> Any:
        drafter = drafter_of(self)
        if drafter is None:
            return original(self, logits, spec_decode_metadata)
        return drafter.sample(self, logits, spec_decode_metadata)

    return _sample


def bookkeeping(original: Any) -> Any:
    """``GPUModelRunner._bookkeeping_sync``: leave the number of new tokens on the device."""

    def _bookkeeping_sync(self: Any, *args: Any, **kwargs: Any) -> Any:
        drafter = drafter_of(self)
        if drafter is not None:
            drafter.note(self)
        return original(self, *args, **kwargs)

    return _bookkeeping_sync


def after_schedule(original: Any) -> Any:
    """``AsyncScheduler._update_after_schedule``: schedule drafts only for pages that gain."""

    def _update_after_schedule(self: Any, scheduler_output: Any) -> None:
        original(self, scheduler_output)
        if drafts_here(self.vllm_config):
            for name in scheduler_output.num_scheduled_tokens:
                request = self.requests[name]
                if request.spec_token_ids and not _budget(request).drafts:
                    request.spec_token_ids = []

    return _update_after_schedule


def with_output(original: Any) -> Any:
    """``AsyncScheduler._update_request_with_output``: note how many drafts were accepted."""

    def _update_request_with_output(
        self: Any, request: Any, new_token_ids: Any, **more: Any
    ) -> Any:
        if drafts_here(self.vllm_config):
            _budget(request).observe(len(new_token_ids))
        return original(self, request, new_token_ids, **more)

    return _update_request_with_output


class _NoDrafts(DraftBudget):
    """The budget of a page without a known text, or with a random answer."""

    @property
    def drafts(self) -> bool:
        return False

    def observe(self, tokens: int) -> None:
        pass


_NO_DRAFTS = _NoDrafts()


def _budget(request: Any) -> DraftBudget:
    budget: DraftBudget | None = getattr(request, "pagefleet_drafts", None)
    if budget is None:
        params = request.sampling_params
        allowed = may_draft(params.temperature, params.extra_args)
        budget = request.pagefleet_drafts = DraftBudget() if allowed else _NO_DRAFTS
    return budget


def drafts_here(vllm_config: Any) -> bool:
    """Whether an engine drafts with this module."""
    config = vllm_config.speculative_config
    return config is not None and str(config.model).startswith(__name__ + ".")
