"""vLLM's sampling parameters for one generation request."""

from collections.abc import Sequence
from typing import Any

from workers.engines.deepseek.drafts.request import REFERENCE, packed
from workers.engines.deepseek.fallback.sampling import SEED, SamplingSettings
from workers.engines.deepseek.prompt.token_ids import CELL_IDS

#: vLLM's own repetition detection ends loops that are longer than the published n-gram window. It
#: checks every period from the smallest to the largest at each token, so it starts beyond the
#: window.
SMALLEST_PERIOD, LARGEST_PERIOD, LEAST_PERIODS = 62, 256, 12


def sampling_params(
    sampling: SamplingSettings,
    room: int,
    bench_tokens: int | None,
    *,
    streaming: bool,
    reference: Sequence[int] = (),
) -> Any:
    """``vllm.SamplingParams`` for one answer of at most ``room`` tokens.

    ``bench_tokens``: generate exactly so many tokens and ignore the model's end mark.
    ``reference``: tokens to draft from; () drafts nothing.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RepetitionDetectionParams, RequestOutputKind

    fixed = bench_tokens is not None
    length = min(room, bench_tokens) if bench_tokens is not None else room
    detection = RepetitionDetectionParams(
        max_pattern_size=LARGEST_PERIOD, min_pattern_size=SMALLEST_PERIOD, min_count=LEAST_PERIODS
    )
    return SamplingParams(
        temperature=sampling.temperature,
        seed=SEED if sampling.temperature else None,
        max_tokens=length,
        ignore_eos=fixed,
        detokenize=streaming,
        skip_special_tokens=False,
        spaces_between_special_tokens=False,
        output_kind=RequestOutputKind.DELTA,
        repetition_detection=None if fixed else detection,
        extra_args={
            "ngram_size": sampling.ngram,
            "window_size": sampling.window,
            "whitelist_token_ids": list(CELL_IDS),
            **({REFERENCE: packed(reference)} if reference else {}),
        },
    )
