"""One way to repeat an operation that failed for a moment."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from tenacity import RetryCallState, Retrying
from tenacity.retry import retry_if_exception_type
from tenacity.stop import stop_after_attempt, stop_never
from tenacity.wait import wait_chain, wait_fixed, wait_none

_Result = TypeVar("_Result")
_Errors = type[Exception] | tuple[type[Exception], ...]


def retry(
    operation: Callable[[], _Result],
    on: _Errors,
    pauses_s: Sequence[float],
    *,
    forever: bool = False,
    sleep: Callable[[float], None] = time.sleep,
    on_error: Callable[[Exception], None] = lambda _: None,
) -> _Result:
    """What ``operation`` returns; it is called again after each error of the types ``on``.

    ``pauses_s`` are the seconds before each repetition. The error of the last attempt is raised;
    ``forever`` instead goes on with the last pause. ``on_error`` gets each error before its pause.
    ``sleep`` waits; it may raise to end the repetition, as a cancellable wait does.
    """

    # Most calls succeed at once, and tenacity costs a call a tenth of a millisecond.
    try:
        return operation()
    except on as error:
        failed: list[Exception] = [error]

    def attempt() -> _Result:
        if failed:
            raise failed.pop()
        return operation()

    def report(state: RetryCallState) -> None:
        error = state.outcome and state.outcome.exception()
        if isinstance(error, Exception):
            on_error(error)

    repeat = Retrying(
        retry=retry_if_exception_type(on),
        wait=wait_chain(*map(wait_fixed, pauses_s)) if pauses_s else wait_none(),
        stop=stop_never if forever else stop_after_attempt(len(pauses_s) + 1),
        sleep=sleep,
        before_sleep=report,
        reraise=True,
    )
    return repeat(attempt)


def doubling(first_s: float, count: int, most_s: float = float("inf")) -> tuple[float, ...]:
    """``count`` pauses in seconds, each twice the one before, none above ``most_s``."""
    return tuple(min(first_s * 2**number, most_s) for number in range(count))
