"""What vLLM is asked for with each answer."""

import pytest

pytest.importorskip("vllm", reason="the parameters are vLLM's")

from workers.engines.deepseek.fallback.sampling import RUNGS, sampling
from workers.engines.deepseek.no_repeat.rule import Rule, rule_of

#: ``<td>`` and ``</td>``, as the model's makers name them.
CELLS = (128821, 128822)


def test_the_first_way_to_ask_is_the_published_one() -> None:
    asked = sampling(RUNGS[0], 500, None, streaming=False)

    assert rule_of(asked.extra_args) == Rule(30, 90, CELLS)
    assert (asked.temperature, asked.max_tokens, asked.skip_special_tokens) == (0.0, 500, False)
    assert not asked.ignore_eos


def test_later_ways_see_every_loop_that_vllm_would_not_end_and_spare_table_cells_too() -> None:
    for rung in RUNGS[1:]:
        asked = sampling(rung, 500, None, streaming=False)
        rule = rule_of(asked.extra_args)

        assert rule is not None
        assert rule.allowed == CELLS
        assert rule.lags >= asked.repetition_detection.max_pattern_size


def test_loops_beyond_the_published_window_are_ended_by_vllm() -> None:
    asked = sampling(RUNGS[0], 500, None, streaming=False)
    rule = rule_of(asked.extra_args)

    assert rule is not None
    assert asked.repetition_detection.min_pattern_size == rule.lags + 1


def test_a_measurement_gets_exactly_its_tokens_whatever_the_model_says() -> None:
    asked = sampling(RUNGS[0], 500, 12, streaming=False)

    assert (asked.max_tokens, asked.ignore_eos, asked.repetition_detection) == (12, True, None)
    assert sampling(RUNGS[0], 500, 900, streaming=False).max_tokens == 500
