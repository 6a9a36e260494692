"""Calls that run in a thread of their own, those of one moment together."""

from collections.abc import Iterator
from contextlib import contextmanager

from workers.process.background_calls import BackgroundCalls

LIMIT_S = 10.0


def fail() -> None:
    raise ValueError("this call fails")


def test_a_failed_call_ends_no_other() -> None:
    calls, done = BackgroundCalls("test"), list[int]()

    calls.add(fail)
    calls.add(lambda: done.append(1))

    assert calls.finish(LIMIT_S)
    assert done == [1]


def test_who_waits_for_the_calls_waits_for_what_follows_them_too() -> None:
    seen: list[str] = []

    @contextmanager
    def together() -> Iterator[None]:
        yield
        seen.append("removed")

    calls = BackgroundCalls("test", together=together)
    calls.add(lambda: seen.append("acknowledged"))
    calls.add(lambda: seen.append("acknowledged"))

    assert calls.finish(LIMIT_S)
    assert seen[-1] == "removed"
    assert seen.count("acknowledged") == 2


def test_calls_go_on_after_what_follows_some_of_them_failed() -> None:
    done: list[int] = []

    @contextmanager
    def together() -> Iterator[None]:
        yield
        fail()

    calls = BackgroundCalls("test", together=together)
    for number in range(2):
        calls.add(lambda number=number: done.append(number))  # type: ignore[misc]
        assert calls.finish(LIMIT_S)

    assert done == [0, 1]
