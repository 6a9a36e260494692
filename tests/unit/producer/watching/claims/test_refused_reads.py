"""When an object that the service refuses to read is tried again, and when no more."""

import time

from producer.watching.claims.refused_reads import RefusedReads


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def pause_s(refused: RefusedReads, clock: Clock, mark: str) -> int:
    """Whole seconds for which the object so marked waits; afterwards it waits no more."""
    began = clock.now
    while refused.is_waiting("key", mark):
        clock.now += 1
    return round(clock.now - began)


def test_the_pauses_between_tries_grow_up_to_a_limit() -> None:
    clock = Clock()
    refused = RefusedReads(give_up_s=3600.0, clock=clock)
    pauses = []
    for _ in range(8):
        refused.postpone("key", "version 1")
        pauses.append(pause_s(refused, clock, "version 1"))

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_new_version_does_not_wait_and_begins_with_a_short_pause() -> None:
    clock = Clock()
    refused = RefusedReads(give_up_s=3600.0, clock=clock)
    for _ in range(3):
        refused.postpone("key", "version 1")

    assert refused.is_waiting("key")
    assert refused.is_waiting("key", "version 1")
    assert not refused.is_waiting("key", "version 2")
    assert not refused.is_waiting("another key")

    refused.postpone("key", "version 2")
    assert pause_s(refused, clock, "version 2") == 5


def test_no_pause_is_longer_than_the_time_after_which_the_object_is_given_up() -> None:
    clock = Clock()
    refused = RefusedReads(give_up_s=3.0, clock=clock)

    refused.postpone("key", "version 1")

    assert pause_s(refused, clock, "version 1") == 3


def test_an_object_is_given_up_some_time_after_its_first_refusal() -> None:
    refused = RefusedReads(give_up_s=60.0)

    assert not refused.is_given_up(refused.first_refusal(None))
    assert not refused.is_given_up(refused.first_refusal(time.time() + 3600))
    assert refused.is_given_up(time.time() - 60)
