"""Keeps a worker alive, and its pages its own, through a lost broker connection.

Mends three things in kombu 5.7.0's Redis transport, each by the smallest possible change:
closing a channel with a pending BRPOP on a dead socket aborts half-way and later kills the
worker; a late acknowledgement on a closed channel has no connection pool; and a mere
connection loss puts everything that still runs back into the queue, where it runs twice.
The lease (visibility timeout) decides instead who has lost a message.
"""

from queue import Empty
from typing import Any

import kombu
from kombu.transport import redis as transport

MENDED_VERSION = "5.7.0"


def install() -> None:
    """Apply the changes once; does nothing for a kombu that they were not written for."""
    channel = transport.Channel
    if kombu.__version__ != MENDED_VERSION or getattr(channel, "guarded", False):
        return
    channel.close = _close_despite_dead_socket(channel.close)
    channel._disconnect_pools = _keep_pool(channel._disconnect_pools)
    channel.do_restore = False
    channel.guarded = True


def _close_despite_dead_socket(close: Any) -> Any:
    def guarded_close(self: Any) -> Any:
        if self._in_poll:
            try:
                self._brpop_read()
            except (Empty, *self.connection_errors):
                pass
        return close(self)

    return guarded_close


def _keep_pool(disconnect_pools: Any) -> Any:
    def guarded_disconnect(self: Any) -> None:
        # Late acknowledgements use the pool again; redis-py reconnects it by itself.
        pool = self._pool
        disconnect_pools(self)
        self._pool = pool

    return guarded_disconnect
