"""The Redis connection of the dispatch state; Celery opens its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from shared.broker.broker_tls import tls_options
from shared.config.settings import Settings
from shared.domain.errors import BrokerFull, BrokerUnreachable

#: Prefix of every key, also of Celery's queues.
KEY_PREFIX = "pagefleet:"
#: Errors that mean an outage of the broker, not a wrong command.
AWAY = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.BusyLoadingError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.MasterDownError,
    OSError,
)
#: Replies that mean a temporary refusal: no memory, no disk, no replica, no primary.
_NOT_NOW = ("OOM ", "MISCONF ", "NOREPLICAS ", "LOADING ", "READONLY ", "MASTERDOWN ", "BUSY ")


#: Seconds that a probe waits for a connection, and again for an answer.
PROBE_S = 5


def connect(settings: Settings, *, hasty: bool = False) -> redis.Redis:
    """A thread-safe client; nothing is sent before the first command.

    A ``hasty`` client fails within seconds; others retry through a short outage.
    """
    url = settings.broker_url()
    if url.startswith("redis+socket://"):
        url = "unix://" + url.removeprefix("redis+socket://")
    try:
        return redis.Redis.from_url(
            url,
            decode_responses=True,
            # Any client of the broker may have written the bytes.
            encoding_errors="replace",
            socket_timeout=PROBE_S if hasty else 15,
            socket_connect_timeout=PROBE_S,
            socket_keepalive=True,
            health_check_interval=25,
            retry=Retry(ExponentialBackoff(cap=1, base=0.05), retries=0 if hasty else 2),
            client_name="pagefleet-ledger",
            **tls_options(settings),
        )
    except ValueError as error:
        raise BrokerUnreachable(f"PAGEFLEET_REDIS_URL is not a Redis address: {error}") from None


@contextmanager
def broker_errors(settings: Settings) -> Iterator[None]:
    """Turns connection errors into BrokerUnreachable; its text never has the password."""
    try:
        yield
    except redis.exceptions.AuthenticationError:
        raise BrokerUnreachable(
            f"broker {shown_address(settings)} refused the password; check PAGEFLEET_REDIS_URL"
        ) from None
    except redis.exceptions.ResponseError as error:
        refusal = refused_for_now(error, settings)
        if refusal is None:
            raise
        raise refusal from None
    except AWAY as error:
        reason = _without_secret(" ".join(str(error).split()), settings) or type(error).__name__
        raise BrokerUnreachable(
            f"broker {shown_address(settings)} does not answer ({reason}); {_advice(reason)}"
        ) from None


def _advice(reason: str) -> str:
    if "certificate" in reason.lower():
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
    parts = urlsplit(settings.broker_url())
    try:
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        port = ""
    return f"{parts.scheme}://{parts.hostname or parts.path}{port}"


def _without_secret(text: str, settings: Settings) -> str:
    password = urlsplit(settings.broker_url()).password
    return text.replace(password, "***") if password else text
