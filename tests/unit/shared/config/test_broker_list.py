"""Settings of a fleet with several brokers."""

import pytest

from shared.broker.dispatch_state import DispatchState
from shared.config.broker_url import brokers
from shared.config.settings import Settings, build_settings
from shared.domain.errors import UsageError

TWO = "redis://:one@a:6379/0,redis://:two@b:6379/0"


def made(url: str, **values: object) -> Settings:
    return build_settings({"redis_url": url, **values})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://a/0", ["redis://a/0"]),
        ("redis://:p,w@a/0", ["redis://:p,w@a/0"]),
        ("redis://a/0, rediss://b/1", ["redis://a/0", "rediss://b/1"]),
        (
            "sentinel://a;sentinel://b,sentinel://c;sentinel://d",
            ["sentinel://a;sentinel://b", "sentinel://c;sentinel://d"],
        ),
    ],
)
def test_a_comma_separates_brokers_where_an_address_follows(url: str, expected: list[str]) -> None:
    assert brokers(url) == expected


def test_each_shard_has_its_own_address_and_password() -> None:
    urls = [each.broker_url() for each in made(TWO).of_shards()]
    assert urls == ["redis://:one@a:6379/0", "redis://:two@b:6379/0"]
    assert {"one!", "two!"} <= set(
        made(TWO.replace("one", "one!").replace("two", "two!")).secret_words()
    )


def test_a_single_broker_needs_no_shard() -> None:
    settings = made("redis://a:6379/0")
    assert settings.of_shards() == [settings]
    assert settings.broker_url() == "redis://a:6379/0"


def test_a_process_without_a_shard_says_what_to_set() -> None:
    with pytest.raises(UsageError, match="set PAGEFLEET_SHARD to a number from 0 to 1"):
        DispatchState(made(TWO))


@pytest.mark.parametrize(
    ("url", "shard", "message"),
    [
        (TWO, 2, "the last shard is 1, not 2"),
        ("redis://a/0,redis://a:6379", None, "same broker twice"),
        ("redis://a/0,http://b", None, "write redis://host"),
        ("redis://a/0,", None, "can't be read"),
    ],
)
def test_a_wrong_list_is_refused(url: str, shard: int | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        made(url, shard=shard)
