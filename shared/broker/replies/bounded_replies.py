"""Bounds the time and the size of what the broker answers to one command or pipeline.

A socket's own time limit starts again with every byte that arrives, and redis-py reads a reply of
any size.
"""

import time
from typing import Any, cast

from redis.connection import DefaultParser
from redis.exceptions import InvalidResponse, TimeoutError

#: Bytes of all answers to what was sent at once; the largest of real fleets have a few MiB.
MAX_REPLY_BYTES = 64 * 1024 * 1024


def bounded_parser(limit_s: float, limit_bytes: int = MAX_REPLY_BYTES) -> type[Any]:
    """A parser class for redis-py, whose replies end ``limit_s`` after the command was sent.

    Its connections raise TimeoutError for a later reply and InvalidResponse for a larger one.
    """

    class BoundedParser(DefaultParser):  # type: ignore[misc, valid-type]
        def on_connect(self, connection: Any, **options: Any) -> None:
            connection._sock = _BoundedSocket(connection._sock, limit_s, limit_bytes)
            super().on_connect(connection, **options)

    return BoundedParser


class _BoundedSocket:
    """A socket whose limits start again with everything that is sent."""

    def __init__(self, inner: Any, limit_s: float, limit_bytes: int) -> None:
        self._inner = inner
        self._limit_s, self._limit_bytes = limit_s, limit_bytes
        self._timeout_s = inner.gettimeout()
        self._shortened = False
        self._restart()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _restart(self) -> None:
        self._deadline = time.monotonic() + self._limit_s
        self._left = self._limit_bytes

    def sendall(self, data: Any) -> None:
        if self._shortened:
            self._inner.settimeout(self._timeout_s)
            self._shortened = False
        self._inner.sendall(data)
        self._restart()

    def recv(self, size: int, *flags: int) -> bytes:
        """What the parser in Python reads with."""
        self._check()
        data = cast(bytes, self._inner.recv(size, *flags))
        self._left -= len(data)
        return data

    def recv_into(self, buffer: Any) -> int:
        """What the parser of hiredis reads with."""
        self._check()
        size = cast(int, self._inner.recv_into(buffer))
        self._left -= size
        return size

    def _check(self) -> None:
        if self._left == self._limit_bytes:
            return  # the first read has the time limit of the socket
        if self._left <= 0:
            raise InvalidResponse(f"a reply has more than {self._limit_bytes} bytes")
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError(f"a reply was not complete within {self._limit_s:g} s")
        self._inner.settimeout(left_s)
        self._shortened = True
