"""Requests share batches, and an error affects only the request that caused it."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shared.domain.errors import EngineDead, EngineFailed, PagefleetError
from tests.support.fleets.fleet import wait_until
from workers.engines.deepseek.completion import Completion
from workers.engines.deepseek.fallback.sampling import SAMPLING_STEPS
from workers.engines.deepseek.pixels import Views
from workers.engines.transformers.batch_request import BatchRequest
from workers.engines.transformers.batches import Batches

Run = Callable[[Sequence[BatchRequest]], list[Completion]]


class OutOfMemoryError(RuntimeError):
    """Has the name of PyTorch's error."""


def batch_request(number: int, side: int = 8, sampling: int = 0) -> BatchRequest:
    whole, tiles = np.zeros((1, side, side), np.uint8), np.zeros((0, 1, 4, 4), np.uint8)
    return BatchRequest([number], Views((1, 1), whole, tiles), SAMPLING_STEPS[sampling], room=10)


def complete(request: BatchRequest) -> Completion:
    return Completion((request.ids[0], 1), "stop", 1)


def ask_all(run: Run, requests: Sequence[BatchRequest], most: int = 4) -> list[Any]:
    """Answers or errors, in the order of the requests."""

    async def ask() -> list[Any]:
        batches = Batches(run, most)
        try:
            asking = (batches.ask(one) for one in requests)
            return await asyncio.gather(*asking, return_exceptions=True)
        finally:
            await batches.stop()

    return asyncio.run(ask())


def test_waiting_requests_share_batches_and_each_gets_its_own_completion() -> None:
    sizes: list[int] = []

    def run(batch: Sequence[BatchRequest]) -> list[Completion]:
        sizes.append(len(batch))
        return [complete(request) for request in batch]

    results = ask_all(run, [batch_request(number) for number in range(10)])
    assert [one.token_ids[0] for one in results] == list(range(10))
    assert sizes == [4, 4, 2]


def test_only_requests_of_one_kind_share_a_batch() -> None:
    kinds: list[set[tuple[str, int, int]]] = []

    def run(batch: Sequence[BatchRequest]) -> list[Completion]:
        kinds.append({request.kind for request in batch})
        return [complete(request) for request in batch]

    requests = [
        batch_request(0),
        batch_request(1, side=16),
        batch_request(2),
        batch_request(3, sampling=1),
    ]
    assert [one.token_ids[0] for one in ask_all(run, requests)] == [0, 1, 2, 3]
    assert [len(kind) for kind in kinds] == [1, 1, 1]


def test_a_page_that_the_model_fails_on_fails_alone() -> None:
    def run(batch: Sequence[BatchRequest]) -> list[Completion]:
        if any(request.ids[0] == 2 for request in batch):
            raise ValueError("odd page")
        return [complete(request) for request in batch]

    results = ask_all(run, [batch_request(number) for number in range(4)])
    assert isinstance(results[2], EngineFailed)
    assert "odd page" in results[2].message
    assert [one.token_ids[0] for n, one in enumerate(results) if n != 2] == [0, 1, 3]


def test_out_of_memory_reduces_the_batch_size_permanently() -> None:
    sizes: list[int] = []

    def run(batch: Sequence[BatchRequest]) -> list[Completion]:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise OutOfMemoryError("CUDA out of memory")
        return [complete(request) for request in batch]

    results = ask_all(run, [batch_request(number) for number in range(8)])
    assert [one.token_ids[0] for one in results] == list(range(8))
    assert sizes == [4, 2, 2, 2, 2]


def test_a_driver_error_is_an_error_of_the_engine_and_of_no_page() -> None:
    def run(batch: Sequence[BatchRequest]) -> list[Completion]:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    results = ask_all(run, [batch_request(number) for number in range(3)])
    assert all(isinstance(error, EngineDead) for error in results)


def test_a_cancelled_request_is_not_run() -> None:
    requests = [batch_request(number) for number in range(3)]
    seen: list[int] = []
    started, proceed = threading.Event(), threading.Event()

    def run(batch: Sequence[BatchRequest]) -> list[Completion]:
        started.set()
        proceed.wait(20)
        seen.extend(one.ids[0] for one in batch)
        return [complete(request) for request in batch]

    async def ask() -> None:
        batches = Batches(run, 1)
        tasks = [asyncio.ensure_future(batches.ask(one)) for one in requests]
        await asyncio.to_thread(started.wait, 20)
        tasks[1].cancel()
        await asyncio.sleep(0)
        proceed.set()
        await asyncio.gather(tasks[0], tasks[2])
        await batches.stop()

    asyncio.run(ask())
    assert seen == [0, 2]
    assert requests[1].cancelled.is_set()


def test_stopping_ends_running_and_waiting_requests() -> None:
    requests = [batch_request(number) for number in range(3)]
    running = threading.Event()

    def run(batch: Sequence[BatchRequest]) -> list[Completion]:
        running.set()
        wait_until(batch[0].cancelled.is_set, 20)
        return [complete(request) for request in batch]

    async def ask() -> list[Any]:
        batches = Batches(run, 1)
        tasks = [asyncio.ensure_future(batches.ask(one)) for one in requests]
        assert await asyncio.to_thread(running.wait, 20)
        await batches.stop()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(ask())
    assert all(isinstance(error, EngineDead) for error in results)
    assert isinstance(results[0], PagefleetError)
