"""Stall detection, batch sizes, engine arguments and supported versions."""

import asyncio
import json
from pathlib import Path

import pytest

from shared.config.settings import Settings, build_settings
from shared.domain.errors import EngineUnavailable, UsageError
from workers.engines.vllm import versions
from workers.engines.vllm.arguments import engine_arguments
from workers.engines.vllm.async_engine import AsyncEngine
from workers.engines.vllm.batch_sizes import Sizes, fitted, plan_sizes
from workers.engines.vllm.crash_report import CrashReport
from workers.engines.vllm.oom_batch_limit import OomBatchLimit, engine_file
from workers.engines.vllm.stall_watchdog import StallWatchdog


def settings(tmp_path: Path, **values: object) -> Settings:
    return build_settings({"home": tmp_path, **values})


def test_no_output_while_pages_are_in_flight_is_a_stall() -> None:
    async def scene() -> list[str]:
        stalls: list[str] = []
        watchdog = StallWatchdog(0.4, lambda: stalls.append("stall"))
        watch = asyncio.ensure_future(watchdog.watch())
        await asyncio.sleep(0.6)  # longer than the limit, but no page is in flight
        with watchdog.page_in_flight():
            for _ in range(6):
                await asyncio.sleep(0.1)
                watchdog.note_output()
            assert stalls == []
            await asyncio.wait_for(watch, 5)
        return stalls

    assert asyncio.run(scene()) == ["stall"]


def died(tmp_path: Path, report: dict[str, object], batch: int) -> tuple[str, int | None]:
    """The cause of an engine's death as the worker gives it, and the limit for the next engine."""
    crash_report = CrashReport(engine_file(tmp_path, "model", "80000", "crash"))
    limit_file = engine_file(tmp_path, "model", "80000", "limit")
    assert OomBatchLimit(limit_file).limit is None
    crash_report.path.write_text(json.dumps(report))
    cause = AsyncEngine(crash_report, OomBatchLimit(limit_file), batch, 1.0)._cause_of_death()
    return cause, OomBatchLimit(limit_file).limit


def test_running_out_of_memory_halves_the_batch_of_the_next_engine(tmp_path: Path) -> None:
    cause, limit = died(tmp_path, {"memory": True, "error": "OutOfMemoryError: no"}, 512)

    assert "256" in cause
    assert limit == 256
    assert plan_sizes(settings(tmp_path), 80_000, limit, 900).batch == 256
    assert OomBatchLimit(engine_file(tmp_path, "model", "24000", "limit")).limit is None


def test_another_cause_of_death_sets_no_limit(tmp_path: Path) -> None:
    cause, limit = died(tmp_path, {"memory": False, "error": "RuntimeError: illegal"}, 512)

    assert "illegal" in cause
    assert limit is None


def test_a_small_gpu_gets_a_small_batch_and_a_large_one_a_large_batch(tmp_path: Path) -> None:
    batches = [
        plan_sizes(settings(tmp_path), size, None, 900).batch
        for size in (8_000, 24_000, 40_000, 80_000)
    ]
    assert batches == sorted(batches)
    assert len(set(batches)) == 4


def test_pages_in_flight_are_limited_by_the_kv_cache() -> None:
    sizes = Sizes(batch=512, step_tokens=8192, capacity=640, adjustable=True)
    assert fitted(sizes, 230_000).capacity == 150
    assert fitted(sizes, 10_000_000).capacity == 640
    assert fitted(Sizes(512, 8192, 640, adjustable=False), 230_000).capacity == 640


def test_a_machine_with_little_memory_holds_fewer_pages_than_its_gpu(tmp_path: Path) -> None:
    sizes = plan_sizes(settings(tmp_path), 80_000, None, 100)
    assert (sizes.capacity, sizes.batch) == (100, 100)


def test_an_explicit_number_of_pages_in_flight_is_kept(tmp_path: Path) -> None:
    chosen = plan_sizes(settings(tmp_path, max_concurrency=7), 80_000, None, 900)
    assert (chosen.capacity, chosen.batch) == (7, 7)


def test_the_largest_image_fits_into_a_step(tmp_path: Path) -> None:
    assert plan_sizes(settings(tmp_path, max_batch_tokens=100), None, None, 9).step_tokens >= 1203


def test_vllm_arguments_override_and_must_be_an_object(tmp_path: Path) -> None:
    report = CrashReport(tmp_path / "report")
    sizes = Sizes(4, 2048, 6, adjustable=True)
    overridden = settings(tmp_path, vllm_arguments='{"max_num_seqs": 3, "seed": 1}')
    arguments = engine_arguments(overridden, "model", sizes, report, engines=1)
    assert (arguments["max_num_seqs"], arguments["seed"]) == (3, 1)
    for bad in ("[1]", "{", '{"distributed_executor_backend": "ray"}', '{"nnodes": 2}'):
        with pytest.raises(UsageError, match="vllm_arguments"):
            engine_arguments(
                settings(tmp_path, vllm_arguments=bad), "model", sizes, report, engines=1
            )


def test_everything_of_a_pinned_model_is_loaded_from_its_revision(tmp_path: Path) -> None:
    report = CrashReport(tmp_path / "report")
    sizes = Sizes(4, 2048, 6, adjustable=True)
    pinned = engine_arguments(settings(tmp_path, revision="v1"), "model", sizes, report, engines=1)
    unpinned = engine_arguments(settings(tmp_path), "model", sizes, report, engines=1)

    names = {"revision", "tokenizer_revision", "code_revision"}
    assert {name: pinned[name] for name in names} == dict.fromkeys(names, "v1")
    assert not names & unpinned.keys()


def test_drafts_are_off_by_default_and_have_graphs_for_every_step(tmp_path: Path) -> None:
    report = CrashReport(tmp_path / "report")
    sizes = Sizes(40, 2048, 60, adjustable=True)
    plain = engine_arguments(settings(tmp_path), "model", sizes, report, engines=1)
    drafting = settings(tmp_path, draft_source="text", draft_tokens=5)
    drafts = engine_arguments(drafting, "model", sizes, report, engines=1)

    assert "speculative_config" not in plain
    assert "compilation_config" not in plain
    assert drafts["speculative_config"]["num_speculative_tokens"] == 5
    # 2,048 tokens of new pages and 200 drafts, as a multiple of a page's six tokens.
    assert drafts["max_num_batched_tokens"] == 2250
    assert plain["max_num_batched_tokens"] == 2048
    graphs = drafts["compilation_config"]["cudagraph_capture_sizes"]
    assert graphs[:7] == [6 * pages for pages in (1, 2, 4, 8, 16, 32, 40)]
    assert graphs[7:] == [720, 1230, 1740, 2250]


def test_drafts_are_refused_with_pipeline_stages(tmp_path: Path) -> None:
    report = CrashReport(tmp_path / "report")
    sizes = Sizes(4, 2048, 6, adjustable=True)
    both = settings(tmp_path, draft_source="text", pipeline_parallel_size=2)
    with pytest.raises(UsageError, match="pipeline_parallel_size 1"):
        engine_arguments(both, "model", sizes, report, engines=1)


@pytest.mark.parametrize("found", ["0.24.9", "0.34.0", "1.0.0"])
def test_a_vllm_outside_the_range_is_refused_with_the_range(
    found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "version", lambda package: found)
    with pytest.raises(EngineUnavailable, match=r"0\.25 or newer and below 0\.34"):
        versions.installed()


@pytest.mark.parametrize(
    ("found", "second", "expected"),
    [
        ("0.25.1", True, "v1"),
        ("0.30.2", True, "v1"),
        ("0.31.0", True, "v2"),
        ("0.32.0", False, "v1"),
    ],
)
def test_the_logits_processor_matches_the_model_runner(
    found: str, second: bool, expected: str
) -> None:
    class Config:
        use_v2_model_runner = second

    assert f"no_repeat_{expected}:" in versions.logits_processor(Config(), found)
