"""The tenant of a job, and the limits of tenants."""

import pytest

from shared.config.settings import build_settings
from shared.config.tenant_settings import TenantLimits
from shared.domain.errors import UsageError


def test_without_a_label_there_are_no_tenants_and_no_limits() -> None:
    made = build_settings({"tenant_weights": "search=3", "tenant_quotas": "*=9"})

    assert made.tenant({"team": "search"}) is None
    assert made.tenant_limits() == {}


def test_the_tenant_is_the_value_of_the_label_cut_to_its_length() -> None:
    made = build_settings({"tenant_label": "team"})

    assert made.tenant({"team": "search", "x": "y"}) == "search"
    assert made.tenant({"team": "é" * 200}) == "é" * 64
    assert made.tenant({"x": "y"}) == ""


def test_each_named_tenant_has_a_weight_and_a_quota_or_those_of_all_others() -> None:
    made = build_settings(
        {
            "tenant_label": "team",
            "tenant_weights": "search=3, a=b=2,",
            "tenant_quotas": "research=500,*=2000",
        }
    )

    assert made.tenant_limits() == {
        "search": TenantLimits(3, 2000),
        "a=b": TenantLimits(2, 2000),
        "research": TenantLimits(1, 500),
        "*": TenantLimits(1, 2000),
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tenant_weights", "search", "'search' is not TENANT=NUMBER"),
        ("tenant_weights", "search=0", "from 1 to 100"),
        ("tenant_weights", "search=101", "from 1 to 100"),
        ("tenant_weights", "search=1.5", "'search=1.5'"),
        ("tenant_quotas", "=5", "'=5'"),
        ("tenant_quotas", "a=5,a=6", "'a' is named twice"),
        ("tenant_quotas", ",".join(f"t{n}=1" for n in range(201)), "more than 200"),
    ],
)
def test_a_wrong_entry_is_named(name: str, value: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build_settings({name: value})
