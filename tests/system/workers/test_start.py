"""Which processes a machine starts, depending on the GPUs that the driver lists."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.config import hardware
from shared.config.settings import build_settings
from shared.domain.errors import UsageError
from tests.conftest import SettingsFactory
from workers.host.cores import rendering_cores, usable_cores
from workers.process.start import plan_processes
from workers.process.supervisor import ProcessPlan

ALL = frozenset({"pages", "reduce", "sweep"})
Driver = Callable[..., None]


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """Installs a fake nvidia-smi that lists GPUs with the given MiB of memory."""
    folder = tmp_path / "driver"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def install(*memory: int) -> None:
        tool = folder / "nvidia-smi"
        rows = "; ".join(f"echo {index}" for index in range(len(memory)))
        sizes = "; ".join(f"echo {size}" for size in memory)
        tool.write_text(
            f"#!/bin/sh\ncase $1 in --query-gpu=index) {rows};; *memory*) {sizes};; esac\n"
        )
        tool.chmod(0o755)
        _clear_caches()

    yield install
    _clear_caches()


def _clear_caches() -> None:
    hardware.gpu_ids.cache_clear()
    hardware.gpu_memory.cache_clear()


def slots(roles: list[ProcessPlan]) -> list[tuple[str | None, str]]:
    """GPUs and engine slot of every pages process."""
    return [(role.gpus, dict(role.settings)["engine_slot"]) for role in roles if role.pool]


def test_two_engines_share_each_gpu_if_set(tmp_path: Path, driver: Driver) -> None:
    driver(81_559, 81_559)

    roles = plan_processes(build_settings({"home": tmp_path, "engines_per_gpu": 2}), ALL, "vllm")

    assert slots(roles) == [("0", "0"), ("1", "0"), ("0", "1"), ("1", "1")]
    assert [role.name for role in roles] == ["vllm1", "vllm2", "vllm3", "vllm4", "control"]
    renderers = {dict(role.settings).get("num_workers") for role in roles if role.pool}
    assert renderers == {str(max(1, rendering_cores("vllm") // 4))}


def test_a_third_of_the_cores_is_reserved_for_an_engine_on_a_gpu() -> None:
    assert rendering_cores("vllm") == max(1, usable_cores() * 2 // 3)
    assert rendering_cores("cpu") == rendering_cores("openai") == usable_cores()


def test_a_gpu_or_a_group_of_gpus_has_one_engine(settings: SettingsFactory, driver: Driver) -> None:
    driver(81_559, 81_559)
    assert slots(plan_processes(settings(), ALL, "vllm")) == [("0", "0"), ("1", "0")]

    pair = plan_processes(settings(tensor_parallel_size=2), ALL, "vllm")

    assert slots(pair) == [("0,1", "0")]


def test_without_a_gpu_there_is_one_pages_process(
    settings: SettingsFactory, driver: Driver
) -> None:
    driver()

    roles = plan_processes(settings(), ALL, "cpu")

    assert [role.name for role in roles] == ["cpu", "control"]
    assert dict(roles[0].settings) == {"engine_slot": "0"}


def test_an_engine_that_needs_more_gpus_than_exist_is_refused(
    settings: SettingsFactory, driver: Driver
) -> None:
    driver(81_559)

    with pytest.raises(UsageError, match="does not fit on 1"):
        plan_processes(settings(tensor_parallel_size=2), ALL, "vllm")
