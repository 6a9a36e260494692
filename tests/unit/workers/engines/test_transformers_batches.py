"""Questions go through a model together, and trouble stays with the one that made it."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shared.domain.errors import EngineDead, EngineFailed, PagefleetError
from tests.support.fleets.fleet import wait_until
from workers.engines.deepseek.completion import Answered
from workers.engines.deepseek.fallback.sampling import RUNGS
from workers.engines.deepseek.pixels import Views
from workers.engines.transformers.batches import Batches
from workers.engines.transformers.generation_request import Asked

Run = Callable[[Sequence[Asked]], list[Answered]]


class OutOfMemoryError(RuntimeError):
    """Named as PyTorch names its own."""


def question(number: int, side: int = 8, rung: int = 0) -> Asked:
    whole, tiles = np.zeros((1, side, side), np.uint8), np.zeros((0, 1, 4, 4), np.uint8)
    return Asked([number], Views((1, 1), whole, tiles), RUNGS[rung], room=10)


def answer(asked: Asked) -> Answered:
    return Answered((asked.ids[0], 1), "stop", 1)


def ask_all(run: Run, questions: Sequence[Asked], most: int = 4) -> list[Any]:
    """Answers or errors, in the order of the questions."""

    async def ask() -> list[Any]:
        batches = Batches(run, most)
        try:
            asking = (batches.ask(one) for one in questions)
            return await asyncio.gather(*asking, return_exceptions=True)
        finally:
            await batches.stop()

    return asyncio.run(ask())


def test_what_waits_goes_together_and_each_gets_its_own_answer() -> None:
    sizes: list[int] = []

    def run(batch: Sequence[Asked]) -> list[Answered]:
        sizes.append(len(batch))
        return [answer(asked) for asked in batch]

    found = ask_all(run, [question(number) for number in range(10)])
    assert [one.token_ids[0] for one in found] == list(range(10))
    assert sizes == [4, 4, 2]


def test_only_questions_of_one_kind_go_together() -> None:
    kinds: list[set[tuple[str, int, int]]] = []

    def run(batch: Sequence[Asked]) -> list[Answered]:
        kinds.append({asked.kind for asked in batch})
        return [answer(asked) for asked in batch]

    asked = [question(0), question(1, side=16), question(2), question(3, rung=1)]
    assert [one.token_ids[0] for one in ask_all(run, asked)] == [0, 1, 2, 3]
    assert [len(kind) for kind in kinds] == [1, 1, 1]


def test_a_page_that_the_model_fails_on_fails_alone() -> None:
    def run(batch: Sequence[Asked]) -> list[Answered]:
        if any(asked.ids[0] == 2 for asked in batch):
            raise ValueError("odd page")
        return [answer(asked) for asked in batch]

    found = ask_all(run, [question(number) for number in range(4)])
    assert isinstance(found[2], EngineFailed) and "odd page" in found[2].message
    assert [one.token_ids[0] for n, one in enumerate(found) if n != 2] == [0, 1, 3]


def test_too_little_memory_makes_smaller_batches_for_good() -> None:
    sizes: list[int] = []

    def run(batch: Sequence[Asked]) -> list[Answered]:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise OutOfMemoryError("CUDA out of memory")
        return [answer(asked) for asked in batch]

    found = ask_all(run, [question(number) for number in range(8)])
    assert [one.token_ids[0] for one in found] == list(range(8))
    assert sizes == [4, 2, 2, 2, 2]


def test_after_an_error_of_the_driver_the_engine_is_dead_and_no_page_is_blamed() -> None:
    def run(batch: Sequence[Asked]) -> list[Answered]:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    found = ask_all(run, [question(number) for number in range(3)])
    assert all(isinstance(error, EngineDead) for error in found)


def test_a_question_that_nobody_waits_for_is_not_asked() -> None:
    asked = [question(number) for number in range(3)]
    seen: list[int] = []
    going, go_on = threading.Event(), threading.Event()

    def run(batch: Sequence[Asked]) -> list[Answered]:
        going.set()
        go_on.wait(20)
        seen.extend(one.ids[0] for one in batch)
        return [answer(one) for one in batch]

    async def ask() -> None:
        batches = Batches(run, 1)
        tasks = [asyncio.ensure_future(batches.ask(one)) for one in asked]
        await asyncio.to_thread(going.wait, 20)
        tasks[1].cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(tasks[0], tasks[2])
        await batches.stop()

    asyncio.run(ask())
    assert seen == [0, 2]
    assert asked[1].let_go.is_set()


def test_stopping_ends_what_runs_and_what_waits() -> None:
    asked = [question(number) for number in range(3)]

    def run(batch: Sequence[Asked]) -> list[Answered]:
        wait_until(batch[0].let_go.is_set, 20)
        return [answer(one) for one in batch]

    async def ask() -> list[Any]:
        batches = Batches(run, 1)
        tasks = [asyncio.ensure_future(batches.ask(one)) for one in asked]
        await asyncio.sleep(0.2)
        await batches.stop()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = asyncio.run(ask())
    assert all(isinstance(error, EngineDead) for error in found)
    assert isinstance(found[0], PagefleetError)
