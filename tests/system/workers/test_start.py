"""Which processes a machine starts, by what its driver shows."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.config import hardware
from shared.domain.errors import UsageError
from tests.conftest import SettingsFactory
from workers.host.cores import rendering_cores, usable_cores
from workers.process.start import plan_processes
from workers.process.supervisor import Role

ALL = frozenset({"pages", "reduce", "sweep"})
Driver = Callable[..., None]


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """Makes a driver's tool that shows cards with so many MiB of memory."""
    folder = tmp_path / "driver"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def show(*memory: int) -> None:
        tool = folder / "nvidia-smi"
        rows = "; ".join(f"echo {index}" for index in range(len(memory)))
        sizes = "; ".join(f"echo {size}" for size in memory)
        tool.write_text(
            f"#!/bin/sh\ncase $1 in --query-gpu=index) {rows};; *memory*) {sizes};; esac\n"
        )
        tool.chmod(0o755)
        _forget()

    yield show
    _forget()


def _forget() -> None:
    hardware.gpu_ids.cache_clear()
    hardware.gpu_memory.cache_clear()


def slots(planned: list[Role]) -> list[tuple[str | None, str]]:
    """GPU and place on it of every pages process."""
    return [(role.gpus, dict(role.own)["engine_slot"]) for role in planned if role.engine]


def test_two_engines_share_each_card_where_asked_for(
    settings: SettingsFactory, driver: Driver
) -> None:
    driver(81_559, 81_559)

    planned = plan_processes(settings(engines_per_gpu=2), ALL, "vllm")

    assert slots(planned) == [("0", "0"), ("1", "0"), ("0", "1"), ("1", "1")]
    assert [role.name for role in planned] == ["vllm1", "vllm2", "vllm3", "vllm4", "control"]
    renderers = {dict(role.own).get("num_workers") for role in planned if role.engine}
    assert renderers == {str(max(1, rendering_cores("vllm") // 4))}


def test_half_of_the_cores_are_left_to_an_engine_that_keeps_a_gpu_busy() -> None:
    assert rendering_cores("vllm") == max(1, usable_cores() * 2 // 3)
    assert rendering_cores("cpu") == rendering_cores("openai") == usable_cores()


def test_a_card_or_a_group_of_cards_holds_one_engine(
    settings: SettingsFactory, driver: Driver
) -> None:
    driver(81_559, 81_559)
    assert slots(plan_processes(settings(), ALL, "vllm")) == [("0", "0"), ("1", "0")]

    pair = plan_processes(settings(tensor_parallel_size=2), ALL, "vllm")

    assert slots(pair) == [("0,1", "0")]


def test_without_a_gpu_there_is_one_pages_process(
    settings: SettingsFactory, driver: Driver
) -> None:
    driver()

    planned = plan_processes(settings(), ALL, "cpu")

    assert [role.name for role in planned] == ["cpu", "control"]
    assert dict(planned[0].own) == {"engine_slot": "0"}


def test_more_gpus_than_there_are_is_a_clear_error(
    settings: SettingsFactory, driver: Driver
) -> None:
    driver(81_559)

    with pytest.raises(UsageError, match="does not fit on 1"):
        plan_processes(settings(tensor_parallel_size=2), ALL, "vllm")
