"""Replaces three functions of kombu 5.7.0, so that workers survive lost broker connections.

Without it, closing a channel with a pending BRPOP on a dead socket aborts half-way and later kills
the worker; a late acknowledgement on a closed channel has no connection pool; and a lost connection
requeues every page that still runs, so that it runs twice. docs/adr/0003-kombu-guard.md has the
details. The lease (visibility timeout) decides instead which messages are lost.
"""

from queue import Empty
from typing import Any

import kombu
from kombu.transport import redis as transport

PATCHED_VERSION = "5.7.0"


def install() -> None:
    """Replace the functions once; does nothing with any other version of kombu."""
    channel = transport.Channel
    if kombu.__version__ != PATCHED_VERSION or getattr(channel, "guarded", False):
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
        # Late acknowledgements use the pool again; redis-py then reconnects.
        pool = self._pool
        disconnect_pools(self)
        self._pool = pool

    return guarded_disconnect
