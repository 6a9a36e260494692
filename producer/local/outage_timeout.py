"""Ends a run whose broker or store does not answer for too long."""

import time
from collections.abc import Callable

from shared.domain.errors import TransientError

#: Seconds without a finished page before broker and store are probed.
QUIET_S = 10.0
#: Seconds of outage before the run ends.
LIMIT_S = 60.0


class OutageTimeout:
    """Raises the error of an outage that lasts longer than ``limit_s``.

    ``probe`` raises TransientError while a service does not answer; it is called after
    ``quiet_s`` seconds without progress. ``clock`` returns monotonic seconds.
    """

    def __init__(
        self,
        probe: Callable[[], None],
        say: Callable[[str], None],
        *,
        quiet_s: float = QUIET_S,
        limit_s: float = LIMIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probe = probe
        self._say = say
        self._quiet_s = quiet_s
        self._limit_s = limit_s
        self._clock = clock
        self._last_progress = clock()
        self._outage_since: float | None = None

    def progressed(self) -> None:
        """A page or document was finished, so the services work."""
        self._last_progress = self._clock()
        self._outage_since = None

    def check(self) -> None:
        """Probe after a time without progress; raises TransientError after the limit."""
        if self._clock() - self._last_progress < self._quiet_s:
            return
        try:
            self._probe()
        except TransientError as error:
            self.failed(error)
        else:
            self.progressed()

    def failed(self, error: TransientError) -> None:
        """Report an outage once; raises ``error`` when it has lasted longer than the limit."""
        now = self._clock()
        if self._outage_since is None:
            self._outage_since = now
            self._say(f"warning: {error.message}; waiting up to {self._limit_s:.0f} s")
        elif now - self._outage_since > self._limit_s:
            raise error
        # The next probe comes after a pause too.
        self._last_progress = now - self._quiet_s / 2
