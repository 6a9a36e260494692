"""Works on several documents at the same time, with results in order and memory bounded."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 8
#: Documents in work or waiting for their turn.
MOST_DOCUMENTS = 4 * THREADS
#: Their pages; one document may have more.
MOST_PAGES = 2_000

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_order(
    work: Callable[[_Item], _Result], items: Iterable[_Item], pages: Callable[[_Item], int]
) -> Iterator[tuple[_Item, _Result]]:
    """Each item with its result; an error of ``work`` is raised in its turn."""
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="export")
    running: deque[tuple[_Item, Future[_Result]]] = deque()
    at_work = 0
    try:
        for item in items:
            while running and (
                len(running) >= MOST_DOCUMENTS or at_work + pages(item) > MOST_PAGES
            ):
                done, future = running.popleft()
                at_work -= pages(done)
                yield done, future.result()
            running.append((item, pool.submit(work, item)))
            at_work += pages(item)
        while running:
            done, future = running.popleft()
            yield done, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
