"""Which parser reads the answers of the broker."""

from redis.connection import DefaultParser


def test_the_answers_of_the_broker_are_read_by_compiled_code() -> None:
    assert DefaultParser.__module__ == "redis._parsers.hiredis"
