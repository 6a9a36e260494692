"""Reads and writes addresses of the broker: a server, a socket, or a list of Sentinels.

Sentinels are written like Celery does: ``sentinel://host:26379/0;sentinel://host2:26379``.
Commas separate the brokers of a sharded fleet: ``redis://a/0,redis://b/0``.
"""

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

SENTINEL = "sentinel"
SENTINEL_PORT = 26379
_PORTS = {"redis": 6379, "rediss": 6379, SENTINEL: SENTINEL_PORT}
_SOCKETS = ("redis+socket",)
_SERVERS = ("redis", "rediss", SENTINEL)
_REFUSED = {
    "sentinels": "Sentinel with TLS is not supported; use rediss:// and the primary's address",
    "redis+sentinel": "write sentinel://host:26379/0;sentinel://host2:26379 for Sentinels",
    "redis+cluster": "Redis Cluster is not supported; use one primary, or Sentinel",
}


#: A comma inside a password is none: the slashes of a scheme can't stand in a password.
_BETWEEN_BROKERS = re.compile(r"\s*,\s*(?=[a-z][a-z0-9+]*://)")


def brokers(url: str) -> list[str]:
    """The address of each broker, in order; one where ``url`` is no list."""
    return _BETWEEN_BROKERS.split(url)


def check_list(url: str) -> None:
    """Raise ValueError, which never has a password, where ``url`` is no list of brokers."""
    parts = brokers(url)
    for part in parts:
        check_url(part)
    if len(set(map(_place, parts))) < len(parts):
        raise ValueError("it lists the same broker twice")


def _place(url: str) -> tuple[object, ...]:
    """Equal for two addresses of the same database."""
    first = urlsplit(url.split(";")[0])
    return first.hostname, first.port or _PORTS.get(first.scheme), first.path.strip("/") or "0"


def check_url(url: str) -> None:
    """Raise ValueError, which never has a password, where ``url`` is no address of a broker."""
    for part in url.split(";"):
        _check_part(part)
    first, *others = (urlsplit(part) for part in url.split(";"))
    if others and {part.scheme for part in (first, *others)} != {SENTINEL}:
        raise ValueError("only addresses of Sentinels can be a list")
    if any(
        "@" in part.netloc and part.netloc.rsplit("@", 1)[0] != _login(first) for part in others
    ):
        raise ValueError("the Sentinels of a list must name the same user and password, or none")


def is_sentinel(url: str) -> bool:
    """Whether ``url`` is a list of Sentinels."""
    return url.startswith(f"{SENTINEL}://")


def sentinels(url: str) -> list[tuple[str, int]]:
    """Host and port of each Sentinel."""
    parts = [urlsplit(part) for part in url.split(";")]
    return [(part.hostname or "", part.port or SENTINEL_PORT) for part in parts]


def database(url: str) -> int:
    """The number of the database; raises ValueError."""
    return int(urlsplit(url.split(";")[0]).path.strip("/") or 0)


def with_login(url: str, username: str | None, password: str | None) -> str:
    """``url`` with this user and password, or with those that it has; the same in each part."""
    first = urlsplit(url.split(";")[0])
    if first.scheme in _SOCKETS and username is None and password is None:
        return url
    login = _login(first)
    if username is not None or password is not None:
        login = f"{quote(username or '', safe='')}:{quote(password or '', safe='')}"
    at = f"{login}@" if login else ""
    tail = "".join((first.path, f"?{first.query}" if first.query else ""))
    hosts = [urlsplit(part).netloc.rsplit("@", 1)[-1] for part in url.split(";")]
    return ";".join(f"{first.scheme}://{at}{host}{tail}" for host in hosts)


def login_of(url: str) -> tuple[str | None, str | None]:
    """User and password, decoded."""
    part = urlsplit(url.split(";")[0])
    return _decoded(part.username), _decoded(part.password)


def shown(url: str) -> str:
    """``url`` for messages: without user, password and options."""
    return ";".join(_shown_part(urlsplit(part)) for part in url.split(";"))


def _shown_part(part: SplitResult) -> str:
    return f"{part.scheme}://{part.netloc.rsplit('@', 1)[-1] or part.path}"


def _check_part(text: str) -> None:
    scheme = text.split("://", 1)[0]
    if scheme in _REFUSED:
        raise ValueError(_REFUSED[scheme])
    if scheme not in (*_SERVERS, *_SOCKETS) or "://" not in text:
        raise ValueError("write redis://host:6379/0, rediss://host:6379/0 or sentinel://host:26379")
    try:
        part = urlsplit(text)
        is_complete = bool(part.hostname and part.port != 0)
        if scheme in _SOCKETS:
            is_complete = bool(part.path)
        elif not part.path.strip("/").isdecimal() and part.path.strip("/"):
            is_complete = False
    except ValueError:
        is_complete = False
    if not is_complete or part.fragment:
        raise ValueError(
            "it can't be read; write special characters of user and password in percent code "
            "('/' as %2F), or set PAGEFLEET_REDIS_PASSWORD, which takes any characters as they are"
        )


def _login(part: SplitResult) -> str:
    return part.netloc.rsplit("@", 1)[0] if "@" in part.netloc else ""


def _decoded(text: str | None) -> str | None:
    return unquote(text) if text else None
