"""Shares the threads of webhooks between receivers, so that dead ones do not delay the others."""

from collections import Counter, OrderedDict
from collections.abc import Iterable

#: Concurrent calls to one host, so that a slow host does not use all threads.
PER_HOST = 2
#: Concurrent calls to all hosts whose last call failed.
FAILING_CALLS = 8
#: Hosts whose failure is remembered.
REMEMBERED = 10_000


class Receivers:
    """Remembers which hosts failed last; thread-safe, as each step is one operation on a dict."""

    def __init__(self) -> None:
        self._failing: OrderedDict[str, None] = OrderedDict()

    def has_room(self, host: str, busy: Iterable[str]) -> bool:
        """Whether ``host`` may be called while the hosts ``busy`` are being called."""
        counts = Counter(list(busy))
        if not host:
            return True
        if host in self._failing and self._failing_calls(counts) >= FAILING_CALLS:
            return False
        return counts[host] < PER_HOST

    def failed(self, host: str) -> None:
        """Note that the last call to ``host`` failed."""
        self._failing[host] = None
        if len(self._failing) > REMEMBERED:
            self._failing.popitem(last=False)

    def answered(self, host: str) -> None:
        """Note that the last call to ``host`` succeeded."""
        self._failing.pop(host, None)

    def _failing_calls(self, counts: Counter[str]) -> int:
        return sum(number for host, number in counts.items() if host in self._failing)
