"""The one retry helper."""

from collections.abc import Callable

import pytest

from shared.domain.retry import doubling, retry


def failing(times: int, error: Exception) -> Callable[[], str]:
    """An operation that raises ``error`` so many times and then returns."""
    errors = [error] * times

    def operation() -> str:
        if errors:
            raise errors.pop()
        return "result"

    return operation


def test_an_operation_is_repeated_after_each_pause() -> None:
    pauses: list[float] = []
    errors: list[Exception] = []
    error = OSError("away")

    result = retry(
        failing(2, error), OSError, (1, 2, 3), sleep=pauses.append, on_error=errors.append
    )

    assert result == "result"
    assert pauses == [1, 2]
    assert errors == [error, error]


def test_the_last_error_is_raised_when_all_pauses_are_used() -> None:
    pauses: list[float] = []

    with pytest.raises(OSError, match="away"):
        retry(failing(3, OSError("away")), OSError, (1, 2), sleep=pauses.append)

    assert pauses == [1, 2]


def test_without_pauses_there_is_one_attempt() -> None:
    with pytest.raises(OSError, match="away"):
        retry(failing(1, OSError("away")), OSError, ())


def test_forever_repeats_the_last_pause() -> None:
    pauses: list[float] = []

    retry(failing(4, OSError("away")), OSError, (1, 2), forever=True, sleep=pauses.append)

    assert pauses == [1, 2, 2, 2]


def test_another_error_is_raised_at_once() -> None:
    with pytest.raises(ValueError, match="wrong"):
        retry(failing(1, ValueError("wrong")), OSError, (1,), sleep=lambda _: pytest.fail("waited"))


def test_a_sleep_that_raises_ends_the_repetition() -> None:
    def cancelled(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry(failing(9, OSError("away")), OSError, (1,), forever=True, sleep=cancelled)


def test_doubling_pauses_stop_growing_at_the_most() -> None:
    assert doubling(0.5, 4, most_s=3.0) == (0.5, 1.0, 2.0, 3.0)
