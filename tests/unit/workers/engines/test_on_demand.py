"""An engine on demand loads nothing before its first page, and starts once for all pages."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.domain.errors import EngineUnavailable
from shared.domain.records.options import PageOptions
from shared.domain.records.page_result import EngineInfo
from shared.domain.tasks import Task
from workers.engines.contract import Reading, RenderedPage, RenderPlan
from workers.engines.on_demand import EngineOnDemand

OPTIONS = PageOptions(engine="cpu", model="m")
PAGE = RenderedPage(Path("a.pdf"), 1, "pdf", "a" * 64, 1, 1, None, None, OPTIONS)


class Loading:
    """Counts its starts; the first ``failures`` of them fail."""

    info = EngineInfo(name="cpu", model="m", version="1")
    tasks = frozenset(Task)
    capacity = 1

    def __init__(self, failures: int = 0) -> None:
        self.starts = self.stops = 0
        self._failures = failures

    def plan(self, options: PageOptions) -> RenderPlan:
        return RenderPlan(dpi=72)

    async def start(self) -> None:
        self.starts += 1
        await asyncio.sleep(0)
        if self.starts <= self._failures:
            raise EngineUnavailable("no weights")

    async def read(self, view: RenderedPage) -> Reading:
        return Reading("text")

    async def stream(self, view: RenderedPage) -> AsyncIterator[str]:
        yield "text"

    async def stop(self) -> None:
        self.stops += 1


def test_nothing_is_made_before_the_first_page() -> None:
    made: list[Loading] = []

    def make() -> Loading:
        made.append(Loading())
        return made[-1]

    async def unused() -> None:
        engine = EngineOnDemand(make)
        await engine.start()
        await engine.stop()

    asyncio.run(unused())
    assert not made


def test_pages_at_the_same_time_wait_for_one_start() -> None:
    engine = Loading()

    async def read_three() -> list[Reading]:
        on_demand = EngineOnDemand(lambda: engine)
        readings = await asyncio.gather(*(on_demand.read(PAGE) for _ in range(3)))
        await on_demand.stop()
        return readings

    assert [each.markdown for each in asyncio.run(read_three())] == ["text"] * 3
    assert (engine.starts, engine.stops) == (1, 1)


def test_a_cancelled_page_does_not_stop_the_start_that_others_wait_for() -> None:
    engine = Loading()

    async def cancel_the_first() -> str:
        on_demand = EngineOnDemand(lambda: engine)
        first = asyncio.ensure_future(on_demand.read(PAGE))
        second = asyncio.ensure_future(on_demand.read(PAGE))
        await asyncio.sleep(0)
        first.cancel()
        return (await second).markdown

    assert asyncio.run(cancel_the_first()) == "text"
    assert engine.starts == 1


def test_a_failed_start_fails_its_pages_and_the_next_page_tries_again() -> None:
    async def read_twice() -> str:
        on_demand = EngineOnDemand(lambda: Loading(failures=1))
        with pytest.raises(EngineUnavailable):
            await on_demand.read(PAGE)
        return (await on_demand.read(PAGE)).markdown

    assert asyncio.run(read_twice()) == "text"
