"""The vLLM sampling parameters of each sampling step."""

import pytest

pytest.importorskip("vllm", reason="the parameters are vLLM's")

from workers.engines.deepseek.drafts.request import REFERENCE, unpacked
from workers.engines.deepseek.fallback.sampling import SAMPLING_STEPS
from workers.engines.deepseek.no_repeat.rule import Rule, rule_of
from workers.engines.vllm.sampling_params import sampling_params

#: ``<td>`` and ``</td>``, as published with the model.
CELLS = (128821, 128822)


def test_the_first_step_uses_the_published_settings() -> None:
    params = sampling_params(SAMPLING_STEPS[0], 500, None, streaming=False)

    assert rule_of(params.extra_args) == Rule(30, 90, CELLS)
    assert (params.temperature, params.max_tokens, params.skip_special_tokens) == (0.0, 500, False)
    assert not params.ignore_eos


def test_later_steps_cover_every_loop_that_vllm_does_not_end_and_allow_table_cells() -> None:
    for sampling in SAMPLING_STEPS[1:]:
        params = sampling_params(sampling, 500, None, streaming=False)
        rule = rule_of(params.extra_args)

        assert rule is not None
        assert rule.allowed == CELLS
        assert rule.lags >= params.repetition_detection.max_pattern_size


def test_vllm_ends_loops_that_are_longer_than_the_published_window() -> None:
    params = sampling_params(SAMPLING_STEPS[0], 500, None, streaming=False)
    rule = rule_of(params.extra_args)

    assert rule is not None
    assert params.repetition_detection.min_pattern_size == rule.lags + 1


def test_a_benchmark_gets_exactly_its_number_of_tokens() -> None:
    params = sampling_params(SAMPLING_STEPS[0], 500, 12, streaming=False)

    assert (params.max_tokens, params.ignore_eos, params.repetition_detection) == (12, True, None)
    assert sampling_params(SAMPLING_STEPS[0], 500, 900, streaming=False).max_tokens == 500


def test_a_text_to_draft_from_is_sent_only_where_there_is_one() -> None:
    with_text = sampling_params(SAMPLING_STEPS[0], 500, None, streaming=False, reference=(5, 6))
    without = sampling_params(SAMPLING_STEPS[0], 500, None, streaming=False)

    assert list(unpacked(with_text.extra_args, REFERENCE)) == [5, 6]
    assert REFERENCE not in without.extra_args
