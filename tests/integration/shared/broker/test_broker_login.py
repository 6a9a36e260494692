"""Users and passwords of any characters reach the broker over both connections."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
import redis

from shared.broker.celery_app import make_app
from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings, build_settings
from shared.domain.errors import BrokerUnreachable, UsageError
from tests.conftest import SettingsFactory
from tests.support.servers.processes import RedisServer

USER = "fl\u00e9et:@/?#%;&"
PASSWORD = "p@ss:/w?o#r%d;+ &\u00fc\"'$(x)\\"


@pytest.fixture
def host(redis_url: str, redis_server: RedisServer) -> Iterator[str]:
    """Host and database of a broker with a user and a password of special characters."""
    with redis.Redis.from_url(redis_url) as client:
        client.acl_setuser(
            USER, enabled=True, passwords=[f"+{PASSWORD}"], commands=["+@all"], keys=["*"],
            channels=["*"],
        )  # fmt: skip
        yield f"127.0.0.1:{redis_server.port}/0"
        client.acl_deluser(USER)


def users(made: Settings) -> list[str]:
    """The user of each of the two connections, as the broker sees it."""
    with make_app(made).connection_for_write() as connection:
        names = [connection.default_channel.client.acl_whoami()]
    DispatchState(made).ping()
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def test_an_address_has_user_and_password_in_percent_code(
    settings: SettingsFactory, host: str
) -> None:
    login = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"

    assert users(settings(redis_url=f"redis://{login}@{host}")) == [USER]


def test_settings_take_user_and_password_as_they_are(settings: SettingsFactory, host: str) -> None:
    made = settings(redis_url=f"redis://{host}", redis_username=USER, redis_password=PASSWORD)

    assert users(made) == [USER]
    assert {PASSWORD, quote(PASSWORD, safe="")} <= set(made.secret_words())


def test_a_refused_password_appears_in_no_message(settings: SettingsFactory, host: str) -> None:
    made = settings(redis_url=f"redis://{host}", redis_username=USER, redis_password="n0t/th1s")

    with pytest.raises(BrokerUnreachable, match="password") as caught:
        DispatchState(made).ping()
    assert "n0t" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("redis://:s3cr/et@host:6379/0", "PAGEFLEET_REDIS_PASSWORD"),
        ("redis://:s3cr#et@host:6379/0", "PAGEFLEET_REDIS_PASSWORD"),
        ("redis://:123/s3cr@host:6379/0", "PAGEFLEET_REDIS_PASSWORD"),
        ("redis://:s3cr[et@host:6379/0", "PAGEFLEET_REDIS_PASSWORD"),
        ("redis://:s3cr@host:6379/zero", "PAGEFLEET_REDIS_PASSWORD"),
        ("sentinels://:s3cr@host:26379/0", "TLS is not supported"),
        ("redis+sentinel://:s3cr@host:26379/mymaster/0", "write sentinel://"),
        ("redis+cluster://:s3cr@host:6379/0", "Cluster is not supported"),
        ("http://:s3cr@host:6379/0", "write redis://"),
        ("redis://:s3cr@one:6379/0;redis://:s3cr@two:6379/0", "only addresses of Sentinels"),
        ("sentinel://:s3cr@one/0;sentinel://:other@two/0", "the same user and password"),
    ],
)
def test_an_address_that_can_not_work_is_refused_without_its_password(
    url: str, advice: str
) -> None:
    with pytest.raises(UsageError, match="redis_url") as caught:
        build_settings({"redis_url": url})

    assert advice in caught.value.message
    assert "s3cr" not in caught.value.message
