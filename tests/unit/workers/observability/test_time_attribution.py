"""A worker's time is divided among its pages, and nothing is lost or counted twice."""

import random

import pytest

from workers.observability.time_attribution import ShareClock


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_two_pages_at_once_pay_half_each() -> None:
    time = Time()
    clock = ShareClock(time)
    first = clock.enter()
    time.now = 10
    second = clock.enter()
    time.now = 14

    shares = clock.leave(first), clock.leave(second)

    assert shares == (12, 2)
    assert clock.busy_s == 14


def test_idle_time_is_nobodys() -> None:
    time = Time()
    clock = ShareClock(time)
    time.now = 100
    mark = clock.enter()
    time.now = 103
    share = clock.leave(mark)
    time.now = 500

    assert (share, clock.busy_s) == (3, 3)


def test_shares_add_up_to_the_busy_time_whatever_the_order() -> None:
    dice, time = random.Random(6), Time()
    clock, marks, paid = ShareClock(time), list[float](), 0.0
    for _ in range(5000):
        time.now += dice.expovariate(3)
        if marks and dice.random() < 0.5:
            paid += clock.leave(marks.pop(dice.randrange(len(marks))))
        else:
            marks.append(clock.enter())
    paid += sum(map(clock.leave, marks))

    assert paid == pytest.approx(clock.busy_s)
