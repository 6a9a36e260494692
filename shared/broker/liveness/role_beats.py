"""The heartbeats of one process, by which the fleet knows its reducers, sweepers and watchers."""

import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any

from shared import __version__
from shared.broker.liveness.heartbeats import MAX_NAME, Role, RoleHeartbeats
from shared.broker.scripts import Scripts
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable


class RoleBeats:
    """Sends one heartbeat for each role of this process; ``more`` are facts that it adds."""

    def __init__(
        self, roles: Iterable[str], name: str, more: Mapping[str, Any] | None = None
    ) -> None:
        self._roles = [role for role in Role if role in roles]
        self._name = name
        self._facts = {
            "host": socket.gethostname()[:MAX_NAME],
            "pid": os.getpid(),
            "version": __version__,
            "started": round(time.time()),
            **(more or {}),
        }

    def send(self, scripts: Scripts) -> None:
        """Send them all; raises BrokerUnreachable."""
        heartbeats = RoleHeartbeats(scripts)
        for role in self._roles:
            heartbeats.beat(role, self._name, self._facts)

    @contextmanager
    def leaving(self, settings: Settings) -> Iterator[None]:
        """Tell the fleet when the block ends; without an answer the heartbeats expire."""
        yield
        with closing(Scripts(settings, hasty=True)) as scripts, suppress(BrokerUnreachable):
            heartbeats = RoleHeartbeats(scripts)
            for role in self._roles:
                heartbeats.leave(role, self._name)
