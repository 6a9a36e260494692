"""Parameters of the no-repeat rule in a request."""

import pytest

from workers.engines.deepseek.no_repeat.rule import Rule, rule_of


def test_the_parameters_of_the_recipe_are_read() -> None:
    extra_args = {"ngram_size": 30, "window_size": 90, "whitelist_token_ids": {128822, 128821}}

    assert rule_of(extra_args) == Rule(30, 90, (128821, 128822))


def test_requests_without_parameters_have_no_rule() -> None:
    assert rule_of(None) is None
    assert rule_of({"window_size": 90}) is None


def test_the_default_window_is_that_of_the_processor() -> None:
    assert rule_of({"ngram_size": 3}) == Rule(3, 100)


@pytest.mark.parametrize(
    "extra_args",
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
def test_an_invalid_rule_is_refused(extra_args: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        rule_of(extra_args)


@pytest.mark.parametrize(("rule", "lags"), [(Rule(30, 90), 61), (Rule(1, 90), 0), (Rule(9, 5), 0)])
def test_the_largest_distance_follows_from_size_and_window(rule: Rule, lags: int) -> None:
    assert rule.lags == lags
