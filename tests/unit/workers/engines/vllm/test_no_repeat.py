"""The no-repeat processors for both model runners, driven in the way the runners drive them.

Each is compared, token for token, with the processor that vLLM ships.
"""

import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the processors run on tensors")
vllm = pytest.importorskip("vllm", reason="the processors implement vLLM's interfaces")

import numpy as np  # noqa: E402
from vllm import SamplingParams  # noqa: E402
from vllm.model_executor.models.deepseek_ocr import NoRepeatNGramLogitsProcessor  # noqa: E402
from vllm.v1.sample.logits_processor import BatchUpdate, MoveDirectionality  # noqa: E402

from workers.engines.vllm.plugin import no_repeat_v1  # noqa: E402

ngram_v2 = pytest.importorskip(
    "workers.engines.vllm.plugin.no_repeat_v2", reason="this vLLM has no second model runner"
)
VOCABULARY = 40
SLOTS = 8
LONGEST = 512
PROMPT = 5
SETTINGS: list[dict[str, Any] | None] = [
    {"ngram_size": 4, "window_size": 20, "whitelist_token_ids": [0]},
    {"ngram_size": 3, "window_size": 12},
    {"ngram_size": 6, "window_size": 60, "whitelist_token_ids": [1, 2]},
    {"ngram_size": 1, "window_size": 9},
    None,
]


@dataclass
class Request:
    """A sequence of a model that loops; only the rule can break the loop."""

    extra_args: dict[str, Any] | None
    period: int
    output: list[int] = field(default_factory=list)

    @property
    def params(self) -> Any:
        return SamplingParams(extra_args=self.extra_args)

    def scores(self) -> Any:
        preferred = (len(self.output) + 1) % self.period
        order = [(preferred + step) % VOCABULARY for step in range(VOCABULARY)]
        scores = torch.empty(VOCABULARY)
        scores[order] = torch.arange(VOCABULARY, 0, -1, dtype=torch.float32)
        return scores

    def official(self, scores: Any) -> Any:
        if self.extra_args is None:
            return scores
        arguments = {
            **self.extra_args,
            "whitelist_token_ids": set(self.extra_args.get("whitelist_token_ids", ())),
        }
        return NoRepeatNGramLogitsProcessor(**arguments)(self.output, scores.clone())


def config() -> Any:
    return SimpleNamespace(
        model_config=SimpleNamespace(max_model_len=LONGEST),
        scheduler_config=SimpleNamespace(max_num_seqs=SLOTS),
        speculative_config=None,
    )


def new_request(chooser: random.Random) -> Request:
    resumed = [chooser.randrange(3) for _ in range(chooser.choice([0, 0, 25]))]
    return Request(chooser.choice(SETTINGS), chooser.choice([1, 2, 5, 9, 30]), resumed)


class WithKernel(no_repeat_v1.NoRepeatNGram):
    """Uses the kernel, as on a GPU."""

    _ban_with_tensors = no_repeat_v1.NoRepeatNGram._ban_with_kernel


class FirstRunner:
    """The persistent batch of the first runner: rows are added, removed, moved and swapped."""

    def __init__(self, *, late: bool, one_kernel: bool) -> None:
        processor = WithKernel if one_kernel else no_repeat_v1.NoRepeatNGram
        self.processor = processor(config(), torch.device("cpu"), False)
        self.rows: list[Request] = []
        #: Asynchronous scheduling: a token is -1 in the list until the next sampling.
        self.late = late
        self.pending: list[tuple[Request, int]] = []

    def change(self, chooser: random.Random) -> None:
        removed, added, moved = [], [], []
        if self.rows and chooser.random() < 0.2:
            hole = chooser.randrange(len(self.rows))
            last = len(self.rows) - 1
            removed.append(hole)
            if hole != last:
                self.rows[hole] = self.rows[last]
                moved.append((last, hole, MoveDirectionality.UNIDIRECTIONAL))
            self.rows.pop()
        elif len(self.rows) < SLOTS and chooser.random() < 0.5:
            request = new_request(chooser)
            added.append((len(self.rows), request.params, None, request.output))
            self.rows.append(request)
        elif len(self.rows) > 1 and chooser.random() < 0.3:
            a, b = chooser.sample(range(len(self.rows)), 2)
            self.rows[a], self.rows[b] = self.rows[b], self.rows[a]
            moved.append((a, b, MoveDirectionality.SWAP))
        changed = removed or added or moved
        update = BatchUpdate(len(self.rows), removed, added, moved) if changed else None
        self.processor.update_state(update)

    def logits(self) -> Any:
        for request, token in self.pending:
            request.output[-1] = token
        self.pending = []
        return self.processor.apply(torch.stack([request.scores() for request in self.rows]))

    def write(self, tokens: list[int]) -> None:
        for request, token in zip(self.rows, tokens, strict=True):
            request.output.append(-1 if self.late else token)
            if self.late:
                self.pending.append((request, token))


class SecondRunner:
    """The slots of the second runner: a free list, and rows in any order each step."""

    def __init__(self) -> None:
        self.states = SimpleNamespace(
            device=torch.device("cpu"),
            max_num_reqs=SLOTS,
            vocab_size=VOCABULARY,
            all_token_ids=SimpleNamespace(gpu=torch.zeros(SLOTS, LONGEST, dtype=torch.int32)),
            prompt_len=SimpleNamespace(gpu=torch.full((SLOTS,), PROMPT, dtype=torch.int32)),
        )
        self.processor = ngram_v2.NoRepeatNGram(config(), self.states)
        self.slots: dict[int, Request] = {}
        self.order: list[int] = []

    @property
    def rows(self) -> list[Request]:
        return [self.slots[slot] for slot in self.order]

    def change(self, chooser: random.Random) -> None:
        if self.slots and chooser.random() < 0.2:
            self.slots.pop(chooser.choice(list(self.slots)))
        free = [slot for slot in range(SLOTS) if slot not in self.slots]
        if free and chooser.random() < 0.5:
            self.slots[free[-1]] = request = new_request(chooser)
            self.processor.add_request(free[-1], request.params)
            self._store(free[-1])
        self.processor.apply_staged_writes()
        self.order = chooser.sample(list(self.slots), len(self.slots))

    def _store(self, slot: int) -> None:
        # The prompt repeats one id, like image tokens; its n-grams must not count.
        tokens = [7] * PROMPT + self.slots[slot].output
        self.states.all_token_ids.gpu[slot, : len(tokens)] = torch.tensor(tokens)

    def logits(self) -> Any:
        slots = np.array(self.order, np.int32)
        ends = torch.tensor([PROMPT + len(request.output) for request in self.rows])
        context = SimpleNamespace(
            expanded_idx_mapping=torch.from_numpy(slots),
            idx_mapping_np=slots,
            pos=ends - 1,
        )
        return self.processor.apply(torch.stack([r.scores() for r in self.rows]), context)

    def write(self, tokens: list[int]) -> None:
        for slot, token in zip(self.order, tokens, strict=True):
            self.slots[slot].output.append(token)
            self._store(slot)


Runner = FirstRunner | SecondRunner


def make(kind: str) -> Runner:
    if kind == "second":
        return SecondRunner()
    return FirstRunner(late="late tokens" in kind, one_kernel="one kernel" in kind)


KINDS = (
    "first",
    "first, late tokens",
    "first, one kernel",
    "first, one kernel, late tokens",
    "second",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_every_step_of_a_changing_batch_equals_the_shipped_processor(kind: str, seed: int) -> None:
    chooser, runner, banned = random.Random(seed), make(kind), 0
    for _ in range(200):
        runner.change(chooser)
        if not runner.rows:
            continue
        logits = runner.logits()
        expected = torch.stack([request.official(request.scores()) for request in runner.rows])

        assert torch.equal(logits, expected)
        banned += int(logits.isinf().sum())
        runner.write(logits.argmax(dim=1).tolist())
    assert banned > 100


@pytest.mark.parametrize("processor", [no_repeat_v1.NoRepeatNGram, ngram_v2.NoRepeatNGram])
def test_invalid_parameters_are_refused_with_the_request(processor: Any) -> None:
    processor.validate_params(SamplingParams(extra_args={"ngram_size": 30}))
    with pytest.raises(ValueError, match="ngram_size"):
        processor.validate_params(SamplingParams(extra_args={"ngram_size": -1}))


def test_greedy_sampling_does_not_skip_the_processor() -> None:
    assert make("first").processor.is_argmax_invariant() is False


def test_speculative_decoding_is_refused_by_the_second_runners_processor() -> None:
    speculating = config()
    speculating.speculative_config = object()

    with pytest.raises(ValueError, match="speculative"):
        ngram_v2.NoRepeatNGram(speculating, SecondRunner().states)


def test_vllm_loads_both_processors_by_name() -> None:
    from vllm.v1.sample.logits_processor import _load_logitsprocs_by_fqcns
    from vllm.v1.worker.gpu.sample.logits_processor.loader import _load_v2_logitsprocs_by_fqcns

    first = "workers.engines.vllm.plugin.no_repeat_v1:NoRepeatNGram"
    second = "workers.engines.vllm.plugin.no_repeat_v2:NoRepeatNGram"

    assert _load_logitsprocs_by_fqcns([first]) == [no_repeat_v1.NoRepeatNGram]
    assert _load_v2_logitsprocs_by_fqcns([second]) == [ngram_v2.NoRepeatNGram]
