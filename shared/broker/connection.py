"""The Redis connection of the dispatch state; Celery opens its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

from shared.broker.broker_tls import tls_options
from shared.broker.replies.bounded_replies import bounded_parser
from shared.config.broker_url import database, is_sentinel, login_of, sentinels, shown
from shared.config.settings import Settings
from shared.domain.errors import BrokerFull, BrokerMisconfigured, BrokerUnreachable

#: Prefix of every key, also of Celery's queues.
KEY_PREFIX = "pagefleet:"
#: Errors that mean an outage of the broker, not a wrong command.
AWAY = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.BusyLoadingError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.MasterDownError,
    # The server is no Redis, or something between changes its answers.
    redis.exceptions.InvalidResponse,
    OSError,
)
#: Replies that mean a temporary refusal: no memory, no disk, no replica, no primary.
_NOT_NOW = ("OOM ", "MISCONF ", "NOREPLICAS ", "LOADING ", "READONLY ", "MASTERDOWN ", "BUSY ")


#: Seconds that a connection may take to open; a hasty client waits as long for an answer.
CONNECT_S = 5.0
#: The same for each of several Sentinels.
SENTINEL_S = 2.0


def connect(settings: Settings, *, hasty: bool = False) -> redis.Redis:
    """A thread-safe client; nothing is sent before the first command.

    A ``hasty`` client fails within seconds; others retry through a short outage.
    """
    url, options = settings.broker_url(), _options(settings, hasty=hasty)
    if is_sentinel(url):
        return _through_sentinels(url, settings, options)
    if url.startswith("redis+socket://"):
        url = "unix://" + url.removeprefix("redis+socket://")
    try:
        return redis.Redis.from_url(url, **options)
    except ValueError as error:
        raise BrokerMisconfigured(f"PAGEFLEET_REDIS_URL is not a Redis address: {error}") from None


def _options(settings: Settings, *, hasty: bool) -> dict[str, Any]:
    timeout_s = settings.broker_timeout_s
    hasty_s = min(CONNECT_S, timeout_s)
    return {
        "decode_responses": True,
        # Any client of the broker may have written the bytes.
        "encoding_errors": "replace",
        "socket_timeout": hasty_s if hasty else timeout_s / 2,
        "socket_connect_timeout": hasty_s,
        "parser_class": bounded_parser(hasty_s if hasty else timeout_s),
        "socket_keepalive": True,
        "health_check_interval": 25,
        "retry": Retry(ExponentialBackoff(cap=1, base=0.05), retries=0 if hasty else 2),
        "client_name": "pagefleet-ledger",
        **tls_options(settings),
    }


def _through_sentinels(url: str, settings: Settings, options: dict[str, Any]) -> redis.Redis:
    """A client of the primary; each new connection asks the Sentinels which server that is."""
    username, password = login_of(url)
    sentinel_type: Any = Sentinel  # it has no types
    found = sentinel_type(sentinels(url), sentinel_kwargs=sentinel_options(settings))
    for each in found.sentinels:
        each.connection_pool.connection_kwargs["parser_class"] = bounded_parser(SENTINEL_S)
    client: redis.Redis = found.master_for(
        settings.redis_sentinel_master,
        db=database(url),
        username=username,
        password=password,
        **options,
    )
    return client


def server_address(client: redis.Redis, settings: Settings) -> str:
    """The broker's address for messages, with the primary that the Sentinels named last."""
    named = getattr(client.connection_pool, "master_address", None)
    address = shown_address(settings)
    return address if named is None else f"{address}, primary {named[0]}:{named[1]}"


def sentinel_options(settings: Settings) -> dict[str, Any]:
    """Options of the connections to the Sentinels themselves."""
    password = settings.redis_sentinel_password
    return {
        "socket_timeout": SENTINEL_S,
        "socket_connect_timeout": SENTINEL_S,
        "password": None if password is None else password.get_secret_value(),
    }


@contextmanager
def broker_errors(settings: Settings) -> Iterator[None]:
    """Turns connection errors into BrokerUnreachable; its text never has the password."""
    try:
        yield
    except redis.exceptions.AuthenticationError:
        raise BrokerMisconfigured(
            f"broker {shown_address(settings)} refused the password; check PAGEFLEET_REDIS_URL"
        ) from None
    except redis.exceptions.ResponseError as error:
        refusal = refused_for_now(error, settings)
        if refusal is None:
            raise
        raise refusal from None
    except AWAY as error:
        reason = _without_secret(" ".join(str(error).split()), settings) or type(error).__name__
        kind = BrokerMisconfigured if _is_of_certificate(reason) else BrokerUnreachable
        raise kind(
            f"broker {shown_address(settings)} does not answer ({reason}); {_advice(reason)}"
        ) from None


def _is_of_certificate(reason: str) -> bool:
    return "certificate" in reason.lower()


def _advice(reason: str) -> str:
    if _is_of_certificate(reason):
        return "set PAGEFLEET_REDIS_CA_FILE to the CA certificates that signed the broker's"
    return "is it running, and is PAGEFLEET_REDIS_URL right?"


def refused_for_now(error: BaseException, settings: Settings) -> BrokerUnreachable | None:
    """The error for a temporary refusal; None where the command itself is wrong."""
    text = f"{type(error).__name__} {error}"
    address = shown_address(settings)
    if isinstance(error, redis.exceptions.OutOfMemoryError) or "OOM " in text:
        return BrokerFull(f"broker {address} is full; give it more memory (maxmemory)")
    if "MISCONF " in text:
        return BrokerFull(f"broker {address} can't write to its disk; free some space there")
    if "WRONGTYPE " in text:
        return BrokerUnreachable(
            f"broker {address} has a key that begins with {KEY_PREFIX} and is not pagefleet's; "
            "delete it or use another database"
        )
    if any(word in text for word in _NOT_NOW) or isinstance(error, AWAY):
        return BrokerUnreachable(f"broker {address} takes no writes now ({type(error).__name__})")
    return None


def shown_address(settings: Settings) -> str:
    """The broker's address for messages: without user and password."""
    return shown(settings.broker_url())


def _without_secret(text: str, settings: Settings) -> str:
    for word in settings.secret_words():
        text = text.replace(word, "***")
    return text
