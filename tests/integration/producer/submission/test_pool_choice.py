"""Which pool a document goes to: what is set decides, then the pools that the fleet declares."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.submission.pool_choice import FleetPools, choose_pool
from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings
from shared.domain.errors import UsageError
from shared.domain.pools import Pool, checked_pool
from shared.domain.tasks import Task
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import in_process, pdf, start_pagefleet, wait_until

VLLM, CPU = checked_pool("vllm"), checked_pool("cpu")
PINNED = checked_pool("vllm", None, "v1")
TINY = checked_pool("cpu", "tiny")


@pytest.fixture
def config(settings: SettingsFactory, redis_url: str) -> Settings:
    return settings(redis_url=redis_url, engine="auto")


@pytest.fixture
def state(config: Settings) -> Iterator[DispatchState]:
    made = DispatchState(config)
    yield made
    made.close()


def test_auto_wakes_a_declared_gpu_pool_that_sleeps(
    config: Settings, state: DispatchState, tmp_path: Path
) -> None:
    document = str(pdf(tmp_path / "a.pdf", 3))
    state.workers.heartbeat("cpu", "w1", 4, {})
    estimate = in_process(config, "submit", document, "--dry-run", "--json").lines[-1]
    assert estimate["engine"] == "cpu"

    assert in_process(config, "pools", "declare", "vllm", "cpu").status == 0
    submitted = in_process(config, "submit", document)

    assert submitted.status == 0
    assert "note: no live worker serves engine 'vllm'" in submitted.err
    assert state.pages.outstanding("vllm") == 3, "the number that KEDA scales on"
    assert state.pages.outstanding("cpu") == 0


def test_pools_are_declared_shown_and_withdrawn(config: Settings, state: DispatchState) -> None:
    empty = in_process(config, "pools")
    assert (empty.status, empty.out) == (0, "")
    assert "pagefleet pools declare ENGINE" in empty.err

    declared = in_process(config, "pools", "declare", "vllm:a/b@v1", "cpu", "--hours", "2")

    named, cpu = declared.out.split()
    state.workers.heartbeat("cpu", "w1", 4, {})
    shown = {line.split()[0]: line for line in in_process(config, "pools").out.splitlines()}
    assert shown.keys() == {named, cpu}
    assert "  a/b@v1  0 workers, 0 pages outstanding, declared for 7" in shown[named]
    assert "  1 workers, 0 pages outstanding, declared for 7" in shown[cpu]

    ended = in_process(config, "pools", "withdraw", named, "cpu")

    assert ended.err == "2 declarations ended\n"
    assert "1 workers, 0 pages outstanding, not declared" in in_process(config, "pools").out


def test_a_watcher_decides_for_each_document(
    config: Settings, state: DispatchState, tmp_path: Path
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    state.workers.heartbeat("cpu", "w1", 400, {})
    numbers = itertools.count()

    def pool_of_next() -> str:
        """The pool of one more document."""
        before = {pool: state.pages.outstanding(pool) for pool in ("cpu", "vllm")}
        number = next(numbers)
        pdf(inbox / f"{number}.pdf", 1, title=f"{number}")
        wait_until(lambda: any(state.pages.outstanding(pool) > n for pool, n in before.items()))
        return next(pool for pool, n in before.items() if state.pages.outstanding(pool) > n)

    watcher = start_pagefleet(config, "watch", str(inbox), "--period", "0.2", "--settle", "0")
    try:
        assert pool_of_next() == "cpu"
        state.pools.declare([VLLM])
        # A watcher reads the declarations once a second.
        wait_until(lambda: pool_of_next() == "vllm")
    finally:
        watcher.terminate()
        watcher.wait(20)


def test_the_workers_of_a_run_declare_nothing(
    config: Settings, state: DispatchState, tmp_path: Path
) -> None:
    document = str(pdf(tmp_path / "a.pdf", 1))

    ended = in_process(config, "run", document, "-o", str(tmp_path / "out"), "--engine", "fake")

    assert ended.status == 0
    assert state.pools.ids() == ["fake"]
    assert state.pools.declared() == []


def test_an_expired_declaration_does_not_count(config: Settings, state: DispatchState) -> None:
    state.pools.declare([CPU])
    source = FleetPools(state, keep_s=0)
    state.pools.declare([VLLM])
    assert choose_pool(config, Task.MARKDOWN, source) == VLLM
    state.pools.withdraw([VLLM.id])

    state.pools.declare([VLLM], seconds=0.1)

    wait_until(lambda: choose_pool(config, Task.MARKDOWN, source) == CPU)


@pytest.mark.parametrize(
    ("fleet", "options", "chosen"),
    [
        ([PINNED, CPU], {}, PINNED),
        ([PINNED, VLLM, CPU], {}, VLLM),
        ([PINNED, CPU], {"engine": "vllm"}, PINNED),
        ([PINNED, CPU], {"model": "tiny"}, TINY),
        ([TINY, CPU], {"engine": "cpu"}, CPU),
        ([TINY, VLLM], {"engine": "cpu"}, TINY),
        ([TINY, VLLM], {"engine": "cpu", "model": "small"}, CPU),
        ([VLLM], {"engine": "vllm", "revision": "v2"}, checked_pool("vllm", None, "v2")),
        ([PINNED], {"engine": "vllm", "model": "a/b"}, checked_pool("vllm", "a/b")),
        ([checked_pool("fake"), CPU], {}, CPU),
        ([CPU], {"engine": "fake"}, checked_pool("fake")),
    ],
)
def test_set_options_come_before_the_pools_of_the_fleet(
    settings: SettingsFactory, fleet: list[Pool], options: dict[str, str], chosen: Pool
) -> None:
    assert choose_pool(settings(**options), Task.MARKDOWN, lambda: fleet) == chosen


def test_auto_takes_a_pool_that_can_do_the_task(settings: SettingsFactory) -> None:
    openai = checked_pool("openai")

    assert choose_pool(settings(), Task.FIGURE, lambda: [CPU, openai]) == openai
    with pytest.raises(UsageError, match="engines that can: vllm"):
        choose_pool(settings(), Task.FIGURE, lambda: [CPU])
