"""A worker's time is divided among its pages; no moment is lost or counted twice."""

import random

import pytest

from workers.observability.time_attribution import TimeAttribution


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_two_pages_at_once_cost_half_of_the_time_each() -> None:
    clock = Clock()
    attribution = TimeAttribution(clock)
    first = attribution.enter()
    clock.now = 10
    second = attribution.enter()
    clock.now = 14

    shares = attribution.leave(first), attribution.leave(second)

    assert shares == (12, 2)
    assert attribution.busy_s == 14


def test_idle_time_belongs_to_no_page() -> None:
    clock = Clock()
    attribution = TimeAttribution(clock)
    clock.now = 100
    mark = attribution.enter()
    clock.now = 103
    share = attribution.leave(mark)
    clock.now = 500

    assert (share, attribution.busy_s) == (3, 3)


def test_shares_add_up_to_the_busy_time_whatever_the_order() -> None:
    chance, clock = random.Random(6), Clock()
    attribution, marks, total = TimeAttribution(clock), list[float](), 0.0
    for _ in range(5000):
        clock.now += chance.expovariate(3)
        if marks and chance.random() < 0.5:
            total += attribution.leave(marks.pop(chance.randrange(len(marks))))
        else:
            marks.append(attribution.enter())
    total += sum(map(attribution.leave, marks))

    assert total == pytest.approx(attribution.busy_s)
