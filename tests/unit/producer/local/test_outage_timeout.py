"""A run survives a short outage and ends with the error of a long one."""

import pytest

from producer.local.outage_timeout import OutageTimeout
from shared.domain.errors import StoreUnreachable

QUIET_S, LIMIT_S = 5.0, 30.0


class Clock:
    """Seconds that the test advances."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Service:
    """A service that the test makes unreachable."""

    def __init__(self) -> None:
        self.reachable = True
        self.probes = 0

    def probe(self) -> None:
        self.probes += 1
        if not self.reachable:
            raise StoreUnreachable("no space left")


def outage_timeout(service: Service, lines: list[str], clock: Clock) -> OutageTimeout:
    return OutageTimeout(service.probe, lines.append, quiet_s=QUIET_S, limit_s=LIMIT_S, clock=clock)


def test_a_long_outage_is_reported_once_and_then_raised() -> None:
    service, lines, clock = Service(), list[str](), Clock()
    timeout = outage_timeout(service, lines, clock)
    timeout.check()
    assert service.probes == 0
    service.reachable = False

    with pytest.raises(StoreUnreachable, match="no space left"):
        for _ in range(1000):
            clock.now += 1
            timeout.check()

    assert LIMIT_S < clock.now - 1000 < LIMIT_S + 3 * QUIET_S
    assert lines == ["warning: no space left; waiting up to 30 s"]


def test_a_short_outage_is_forgotten() -> None:
    service, lines, clock = Service(), list[str](), Clock()
    timeout = outage_timeout(service, lines, clock)

    for _ in range(20):
        service.reachable = False
        for _ in range(15):
            clock.now += 1
            timeout.check()
        service.reachable = True
        clock.now += QUIET_S
        timeout.check()

    assert len(lines) == 20
