"""What a request may ask of the no-repeat rule."""

import pytest

from workers.engines.deepseek.no_repeat.rule import Rule, rule_of


def test_the_recipes_parameters_are_understood() -> None:
    asked = {"ngram_size": 30, "window_size": 90, "whitelist_token_ids": {128822, 128821}}

    assert rule_of(asked) == Rule(30, 90, (128821, 128822))


def test_requests_without_parameters_have_no_rule() -> None:
    assert rule_of(None) is None
    assert rule_of({"window_size": 90}) is None


def test_the_window_defaults_to_that_of_the_recipe() -> None:
    assert rule_of({"ngram_size": 3}) == Rule(3, 100)


@pytest.mark.parametrize(
    "asked",
    [
        {"ngram_size": 0},
        {"ngram_size": "30"},
        {"ngram_size": True},
        {"ngram_size": 3, "window_size": -1},
        {"ngram_size": 3, "window_size": 1_000_000},
        {"ngram_size": 3, "whitelist_token_ids": 5},
        {"ngram_size": 3, "whitelist_token_ids": "12"},
        {"ngram_size": 3, "whitelist_token_ids": range(100)},
        {"ngram_size": 3, "whitelist_token_ids": [1.5]},
    ],
)
def test_a_rule_that_cannot_be_applied_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="has to be"):
        rule_of(asked)


@pytest.mark.parametrize(("rule", "lags"), [(Rule(30, 90), 61), (Rule(1, 90), 0), (Rule(9, 5), 0)])
def test_only_loops_within_the_window_can_be_seen(rule: Rule, lags: int) -> None:
    assert rule.lags == lags
