"""Bounds the time of a whole reply of the broker.

redis-py's timeout is for each read from the socket, so a reply that comes in single bytes could
hold a command for hours.
"""

import time
from typing import Any

from redis.connection import DefaultParser
from redis.exceptions import TimeoutError as NoReply

#: A reply may take so many times the timeout of one read.
_READS = 2


class BoundedParser(DefaultParser):  # type: ignore[misc,valid-type]
    """redis-py's parser with a deadline for each reply; raises redis-py's TimeoutError."""

    _begin: float | None = None

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """As redis-py's."""
        self._begin = None
        return super().read_response(*args, **kwargs)

    def read_from_socket(self, *args: Any, **kwargs: Any) -> Any:
        """As redis-py's; from the second read of a reply on, with the time that is left."""
        sock, limit_s = self._sock, self._socket_timeout
        if self._begin is None or sock is None or limit_s is None:
            self._begin = time.monotonic()
            return super().read_from_socket(*args, **kwargs)
        left_s = self._begin + _READS * limit_s - time.monotonic()
        if left_s <= 0:
            raise NoReply(f"a reply took longer than {_READS * limit_s:g} s")
        sock.settimeout(min(left_s, limit_s))
        try:
            return super().read_from_socket(*args, **kwargs)
        finally:
            sock.settimeout(limit_s)
