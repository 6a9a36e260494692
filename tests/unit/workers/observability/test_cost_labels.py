"""Cost by the labels of jobs, with a bound on the number of values."""

from prometheus_client import REGISTRY

from shared.config.settings import build_settings
from workers.observability.cost_labels import MAX_CHARACTERS, OTHER, CostLabels, count_time


def test_values_beyond_the_limit_count_as_other() -> None:
    labels = CostLabels(["tenant"], most=2)

    values = [labels.of({"tenant": name})[0][1] for name in ("a", "b", "c", "a", "d")]

    assert values == ["a", "b", OTHER, "a", OTHER]


def test_jobs_without_the_label_take_no_place() -> None:
    labels = CostLabels(["tenant"], most=1)

    assert labels.of({"team": "x"}) == (("tenant", ""),)
    assert labels.of({"tenant": "a"}) == (("tenant", "a"),)


def test_each_label_has_its_own_values_and_long_ones_are_cut() -> None:
    labels = CostLabels(["tenant", "team"], most=1)

    shares = labels.of({"tenant": "t" * 1000, "team": "x", "unasked": "y"})

    assert shares == (("tenant", "t" * MAX_CHARACTERS), ("team", "x"))


def test_the_time_of_a_tenant_adds_up() -> None:
    shares = CostLabels(["tenant"], most=9).of({"tenant": "adds up"})

    count_time(shares, "kept", 1.5)
    count_time(shares, "kept", 2.0)

    sample = {"label": "tenant", "value": "adds up", "outcome": "kept"}
    assert REGISTRY.get_sample_value("pagefleet_label_worker_seconds_total", sample) == 3.5


def test_the_setting_lists_each_name_once() -> None:
    settings = build_settings({"cost_labels": "tenant, team,,tenant"})

    assert settings.cost_label_names == ("tenant", "team")
