"""When an engine counts as hung, and what a death teaches."""

import asyncio
import json
from pathlib import Path

import pytest

from shared.config.settings import Settings, build_settings
from shared.domain.errors import EngineUnavailable, UsageError
from workers.engines.vllm import versions
from workers.engines.vllm.arguments import engine_arguments
from workers.engines.vllm.batch_sizes import Sizes, fitted, plan_sizes
from workers.engines.vllm.oom_batch_limit import Lessons
from workers.engines.vllm.stall_watchdog import Progress


def settings(tmp_path: Path, **values: object) -> Settings:
    return build_settings({"home": tmp_path, **values})


def test_silence_while_pages_run_is_a_stall_and_work_is_none() -> None:
    async def scene() -> list[str]:
        said: list[str] = []
        progress = Progress(0.4, lambda: said.append("stall"))
        watch = asyncio.ensure_future(progress.watch())
        await asyncio.sleep(0.6)  # nothing runs, so silence means nothing
        with progress.running():
            for _ in range(6):
                await asyncio.sleep(0.1)
                progress.made()
            assert said == []
            await asyncio.wait_for(watch, 5)
        return said

    assert asyncio.run(scene()) == ["stall"]


def test_a_death_of_memory_halves_the_batch_for_the_next_engine(tmp_path: Path) -> None:
    lessons = Lessons(tmp_path, "model", "80000")
    assert lessons.limit is None
    lessons.trouble.write_text(json.dumps({"memory": True, "error": "OutOfMemoryError: no"}))
    assert "256" in lessons.learn(512)

    again = Lessons(tmp_path, "model", "80000")
    assert again.limit == 256
    assert plan_sizes(settings(tmp_path), 80_000, again.limit, 900).batch == 256
    assert Lessons(tmp_path, "model", "24000").limit is None


def test_a_death_of_another_kind_teaches_nothing(tmp_path: Path) -> None:
    lessons = Lessons(tmp_path, "model", "80000")
    lessons.trouble.write_text(json.dumps({"memory": False, "error": "RuntimeError: illegal"}))
    assert "illegal" in lessons.learn(512)
    assert lessons.limit is None


def test_a_small_gpu_gets_a_small_batch_and_a_large_one_a_large_batch(tmp_path: Path) -> None:
    batches = [
        plan_sizes(settings(tmp_path), size, None, 900).batch
        for size in (8_000, 24_000, 40_000, 80_000)
    ]
    assert batches == sorted(batches) and len(set(batches)) == 4


def test_pages_in_flight_are_what_the_cache_holds_and_a_few_more() -> None:
    sizes = Sizes(batch=512, step_tokens=8192, capacity=640, adjustable=True)
    assert fitted(sizes, 230_000).capacity == 150
    assert fitted(sizes, 10_000_000).capacity == 640
    assert fitted(Sizes(512, 8192, 640, adjustable=False), 230_000).capacity == 640


def test_a_machine_with_little_memory_holds_fewer_pages_than_its_gpu(tmp_path: Path) -> None:
    sizes = plan_sizes(settings(tmp_path), 80_000, None, 100)
    assert (sizes.capacity, sizes.batch) == (100, 100)


def test_a_number_of_pages_that_a_person_chose_stands(tmp_path: Path) -> None:
    chosen = plan_sizes(settings(tmp_path, max_concurrency=7), 80_000, None, 900)
    assert (chosen.capacity, chosen.batch) == (7, 7)


def test_the_largest_image_fits_into_a_step(tmp_path: Path) -> None:
    assert plan_sizes(settings(tmp_path, max_batch_tokens=100), None, None, 9).step_tokens >= 1203


def test_further_arguments_come_last_and_must_be_an_object(tmp_path: Path) -> None:
    lessons = Lessons(tmp_path, "model", "")
    sizes = Sizes(4, 2048, 6, adjustable=True)
    given = settings(tmp_path, vllm_arguments='{"max_num_seqs": 3, "seed": 1}')
    arguments = engine_arguments(given, "model", sizes, lessons, engines=1)
    assert (arguments["max_num_seqs"], arguments["seed"]) == (3, 1)
    for bad in ("[1]", "{", '{"distributed_executor_backend": "ray"}', '{"nnodes": 2}'):
        with pytest.raises(UsageError, match="vllm_arguments"):
            engine_arguments(
                settings(tmp_path, vllm_arguments=bad), "model", sizes, lessons, engines=1
            )


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
def test_the_processor_is_the_one_of_the_runner_that_runs(
    found: str, second: bool, expected: str
) -> None:
    class Config:
        use_v2_model_runner = second

    assert f"no_repeat_{expected}:" in versions.logits_processor(Config(), found)
