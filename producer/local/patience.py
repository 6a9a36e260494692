"""Bears with a broker or store that is away for a moment, and not for ever."""

import time
from collections.abc import Callable

from shared.domain.errors import TransientError

#: Seconds without any page before the services are asked whether they are well.
QUIET_S = 10.0
#: Seconds that a service may be unwell.
PATIENCE_S = 60.0


class OutageTimeout:
    """Decides when waiting for pages has become useless; ``ask`` raises TransientError."""

    def __init__(self, ask: Callable[[], None], say: Callable[[str], None]) -> None:
        self._ask = ask
        self._say = say
        self._moved = time.monotonic()
        self._unwell_since: float | None = None

    def moved(self) -> None:
        """Something got done: all is well."""
        self._moved = time.monotonic()
        self._unwell_since = None

    def check(self) -> None:
        """Ask after a silence; raises TransientError where that went on for too long."""
        if time.monotonic() - self._moved < QUIET_S:
            return
        try:
            self._ask()
        except TransientError as error:
            self.failed(error)
        else:
            self.moved()

    def failed(self, error: TransientError) -> None:
        """A service is unwell; raises the error once that has been so for too long."""
        now = time.monotonic()
        if self._unwell_since is None:
            self._unwell_since = now
            self._say(f"warning: {error.message}; waiting up to {PATIENCE_S:.0f} s")
        elif now - self._unwell_since > PATIENCE_S:
            raise error
        # The next question comes after a pause too.
        self._moved = now - QUIET_S / 2
