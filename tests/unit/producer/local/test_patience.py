"""A service that is away for a moment is borne with, and not for ever."""

import pytest

from producer.local import patience
from producer.local.patience import OutageTimeout
from shared.domain.errors import StoreUnreachable


class Service:
    """Answers, or not."""

    def __init__(self) -> None:
        self.well = True
        self.asked = 0

    def ask(self) -> None:
        self.asked += 1
        if not self.well:
            raise StoreUnreachable("no space left")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the test moves by itself."""
    now = [1000.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])
    return now


def test_a_silence_is_asked_about_and_an_outage_told_once_and_then_ended(
    clock: list[float],
) -> None:
    service, said = Service(), list[str]()
    watch = OutageTimeout(service.ask, said.append)
    watch.check()
    assert service.asked == 0
    service.well = False

    with pytest.raises(StoreUnreachable, match="no space left"):
        for _ in range(1000):
            clock[0] += 1
            watch.check()

    assert patience.PATIENCE_S < clock[0] - 1000 < patience.PATIENCE_S + 3 * patience.QUIET_S
    assert said == ["warning: no space left; waiting up to 60 s"]


def test_a_short_outage_is_forgotten(clock: list[float]) -> None:
    service, said = Service(), list[str]()
    watch = OutageTimeout(service.ask, said.append)

    for _ in range(20):
        service.well = False
        for _ in range(30):
            clock[0] += 1
            watch.check()
        service.well = True
        clock[0] += patience.QUIET_S
        watch.check()

    assert len(said) == 20
