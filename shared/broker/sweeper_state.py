"""Small records that control processes share: locks, listing cursors, refused messages."""

from shared.broker.connection import KEY_PREFIX
from shared.broker.scripts import Scripts

#: Refused messages that are kept for inspection.
REFUSED_KEPT = 1000


class SweeperState:
    """Thread-safe; raises BrokerUnreachable."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def try_lock(self, name: str, owner: str, seconds: int) -> bool:
        """Take or renew a named lock for some seconds; False where another owner has it."""
        key = f"{KEY_PREFIX}lock:{name}"
        if self._scripts.call("set", key, owner, nx=True, ex=seconds):
            return True
        if self._scripts.call("get", key) != owner:
            # After its clock was set back, Redis would keep a dead owner's lock for hours.
            if self._scripts.call("ttl", key) > seconds:
                self._scripts.call("expire", key, seconds)
            return False
        self._scripts.call("expire", key, seconds)
        return True

    def cursor(self, name: str, value: str | None = None) -> str:
        """Read, or set and return, a sweeper's position in a long listing."""
        key = f"{KEY_PREFIX}cursor:{name}"
        if value is not None:
            self._scripts.call("set", key, value)
            return value
        return str(self._scripts.call("get", key) or "")

    def keep_refused(self, message: str) -> None:
        """Store a message that fits no known schema; the newest ``REFUSED_KEPT`` are kept."""
        self._scripts.call("lpush", f"{KEY_PREFIX}refused", message)
        self._scripts.call("ltrim", f"{KEY_PREFIX}refused", 0, REFUSED_KEPT - 1)
