"""The heartbeats of a control process, by which the fleet knows its reducers and sweepers."""

import os
import socket
import time
from collections.abc import Iterable
from contextlib import closing, suppress

from shared import __version__
from shared.broker.heartbeats import MAX_NAME, Role, RoleHeartbeats
from shared.broker.scripts import Scripts
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable


class RoleBeats:
    """Sends one heartbeat for each role of this process."""

    def __init__(self, roles: Iterable[str], name: str) -> None:
        self._roles = [role for role in Role if role in roles]
        self._name = name
        self._facts = {
            "host": socket.gethostname()[:MAX_NAME],
            "pid": os.getpid(),
            "version": __version__,
            "started": round(time.time()),
        }

    def send(self, scripts: Scripts) -> None:
        """Send them all; raises BrokerUnreachable."""
        heartbeats = RoleHeartbeats(scripts)
        for role in self._roles:
            heartbeats.beat(role, self._name, self._facts)

    def leave(self, settings: Settings) -> None:
        """Tell the fleet that this process ends; without an answer the heartbeat expires."""
        with closing(Scripts(settings, hasty=True)) as scripts, suppress(BrokerUnreachable):
            heartbeats = RoleHeartbeats(scripts)
            for role in self._roles:
                heartbeats.leave(role, self._name)
