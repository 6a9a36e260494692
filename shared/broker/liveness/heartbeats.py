"""Heartbeats of processes: how long they count, and those of the roles that read no pages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.scripts import Scripts
from shared.broker.untrusted_json import is_number, is_short_text, json_object, numbers_and_texts

#: A process without a heartbeat for this long counts as gone.
HEARTBEAT_TTL_S = 30
_NUMBERS, _TEXTS = ("pid", "started"), ("host", "version", "source")
#: Longest name among the facts of a process, in characters; longer names keep their last ones.
MAX_NAME = 100


class Role(StrEnum):
    """What a process does for the whole fleet, other than reading pages."""

    REDUCE = "reduce"
    SWEEP = "sweep"
    WATCH = "watch"


#: What a process of a role is called.
ROLE_NAMES = {Role.REDUCE: "reducer", Role.SWEEP: "sweeper", Role.WATCH: "watcher"}


@dataclass(frozen=True)
class LiveProcess:
    """A process that sent a heartbeat for its role within ``HEARTBEAT_TTL_S``."""

    name: str
    role: Role
    facts: dict[str, Any]


class RoleHeartbeats:
    """Heartbeats of reducers, sweepers and watchers; thread-safe; raises BrokerUnreachable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def beat(self, role: Role, name: str, facts: Mapping[str, Any]) -> None:
        """Register a live process."""
        self._scripts.run("role_heartbeat", role, name, json.dumps(facts), HEARTBEAT_TTL_S)

    def leave(self, role: Role, name: str) -> None:
        """Remove a process that ends."""
        self._scripts.call("hdel", role_key(role), name)

    def live(self, role: Role) -> list[LiveProcess]:
        """The live processes of a role, sorted by name."""
        heartbeats = self._scripts.call("hgetall", role_key(role))
        return live_processes(role, heartbeats, self._scripts.now())


def role_key(role: Role) -> str:
    """The Redis hash of a role's heartbeats."""
    return f"{KEY_PREFIX}roles:{role}"


def live_processes(role: Role, heartbeats: Mapping[str, str], now: float) -> list[LiveProcess]:
    """The processes whose heartbeat counts at ``now``, the broker's clock, sorted by name."""
    beats = live_beats(heartbeats, now)
    return [LiveProcess(name, role, _facts(beat)) for name, beat in beats.items()]


def _facts(beat: dict[str, Any]) -> dict[str, Any]:
    text = beat.get("facts")
    facts = json_object(text) if isinstance(text, str) else {}
    return numbers_and_texts(facts, _NUMBERS, _TEXTS)


def live_beats(heartbeats: Mapping[str, str], now: float) -> dict[str, dict[str, Any]]:
    """The heartbeats of a hash that count at ``now``, by name, sorted.

    The scripts decide by the same rule, ``is_live`` in ``lua/prelude.lua``. Any client of the
    broker may have written a heartbeat; one that is not pagefleet's is left out.
    """
    beats = {
        name: json_object(text) for name, text in sorted(heartbeats.items()) if is_short_text(name)
    }
    return {name: beat for name, beat in beats.items() if _is_live(beat.get("expires"), now)}


def _is_live(expires: Any, now: float) -> bool:
    # An expiry too far ahead was written before the broker's clock was set back.
    return is_number(expires) and now <= expires <= now + HEARTBEAT_TTL_S + 1
