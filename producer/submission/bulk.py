"""Submits a stream of inputs: some at the same time, results in order, in constant memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from producer.intake.input import Input
from shared.domain.errors import PagefleetError, ShardUnreachable, TransientError

#: Inputs in work at the same time; most of their time is spent waiting for store and broker.
THREADS = 8
#: Processes that open documents.
PROCESSES = 2
#: Inputs that are taken from the stream before the first of them is reported.
AHEAD = 2 * THREADS
#: After this many inputs in a row failed by an outage, no other is tried.
MAX_OUTAGES = 2

_Result = TypeVar("_Result")


def is_outage(result: object) -> bool:
    """Whether other inputs would fail too; those of other shards do not."""
    return isinstance(result, TransientError) and not isinstance(result, ShardUnreachable)


def submit_each(
    submit: Callable[[Input], _Result], inputs: Iterable[Input]
) -> Generator[tuple[Input, _Result | Exception], None, None]:
    """The submission or error of each input, in order; any failure of one stops no other.

    Close it where not all results are taken: it then waits for the inputs in work. After
    ``MAX_OUTAGES`` in a row the rest gets the last of these errors without a try.
    """
    outages: list[PagefleetError] = []
    stream = iter(inputs)
    with closing(_in_parallel(submit, stream, outages)) as results:
        for input_, result in results:
            if not is_outage(result):
                outages.clear()
            elif isinstance(result, PagefleetError) and len(outages) < MAX_OUTAGES:
                outages.append(result)
            yield input_, result
    yield from ((input_, outages[-1]) for input_ in stream)


def _in_parallel(
    submit: Callable[[Input], _Result], stream: Iterator[Input], outages: list[PagefleetError]
) -> Generator[tuple[Input, _Result | Exception], None, None]:
    """Takes inputs from ``stream`` until it ends, or until there are ``MAX_OUTAGES``."""

    def attempt(input_: Input) -> _Result | Exception:
        try:
            return submit(input_)
        except Exception as error:  # any failure of one input must not stop the others
            return error

    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="submit")
    running: deque[tuple[Input, Future[_Result | Exception]]] = deque()

    def first() -> tuple[Input, _Result | Exception]:
        input_, future = running.popleft()
        return input_, future.result()

    try:
        while True:
            while len(outages) < MAX_OUTAGES and (each := next(stream, None)) is not None:
                running.append((each, pool.submit(attempt, each)))
                while running and (len(running) >= AHEAD or running[0][1].done()):
                    yield first()
            if not running:
                return
            yield first()
    finally:
        pool.shutdown(cancel_futures=True)
