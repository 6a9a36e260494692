"""How an answer is sampled: the ladder of settings for pages that loop."""

from dataclasses import dataclass
from typing import Any

from workers.engines.deepseek.prompt_ids import CELL_IDS


@dataclass(frozen=True)
class Rung:
    """One way to ask; ``name`` goes into the ledger."""

    name: str
    ngram: int
    window: int
    temperature: float = 0.0


#: The published settings first; then a window that no loop outgrows; then a little chance.
RUNGS = (
    Rung("recipe", 30, 90),
    Rung("wide n-gram", 20, 1024),
    Rung("temperature", 20, 1024, 0.3),
)
#: Loops too long for the first rung's window end by vLLM's own detection, which looks at every
#: period from the smallest to the largest for each token: it must begin beyond the window.
SMALLEST_PERIOD, LARGEST_PERIOD, LEAST_PERIODS = 62, 256, 12
SEED = 7


def sampling(rung: Rung, room: int, bench_tokens: int | None, *, streaming: bool) -> Any:
    """vLLM's parameters for one answer of at most ``room`` tokens.

    ``bench_tokens``: exactly that many instead, whatever the model says.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RepetitionDetectionParams, RequestOutputKind

    fixed = bench_tokens is not None
    length = min(room, bench_tokens) if bench_tokens is not None else room
    detection = RepetitionDetectionParams(
        max_pattern_size=LARGEST_PERIOD, min_pattern_size=SMALLEST_PERIOD, min_count=LEAST_PERIODS
    )
    return SamplingParams(
        temperature=rung.temperature,
        seed=SEED if rung.temperature else None,
        max_tokens=length,
        ignore_eos=fixed,
        detokenize=streaming,
        skip_special_tokens=False,
        spaces_between_special_tokens=False,
        output_kind=RequestOutputKind.DELTA,
        repetition_detection=None if fixed else detection,
        extra_args={
            "ngram_size": rung.ngram,
            "window_size": rung.window,
            "whitelist_token_ids": list(CELL_IDS),
        },
    )
