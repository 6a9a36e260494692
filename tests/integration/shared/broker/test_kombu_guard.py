"""Kombu's channel as the guard changes it."""

from shared.broker.celery_app import make_app
from tests.conftest import SettingsFactory


def test_a_channel_uses_one_client_until_its_pool_changes(
    settings: SettingsFactory, redis_url: str
) -> None:
    with make_app(settings(redis_url=redis_url)).connection_for_write() as connection:
        channel = connection.default_channel
        with channel.conn_or_acquire() as first, channel.conn_or_acquire() as second:
            assert first is second
            assert first.ping()

        channel._pool = channel._get_pool()

        with channel.conn_or_acquire() as third:
            assert third is not first
            assert third.ping()
