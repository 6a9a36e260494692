"""What is put into vLLM beside the model, against vLLM's own; needs vLLM."""

from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("vllm")

from vllm.v1.core.sched import scheduler
from vllm.v1.worker import gpu_model_runner

from workers.vllm_plugin.register import original_of, register


def image(offset: int, length: int) -> Any:
    return SimpleNamespace(mm_position=SimpleNamespace(offset=offset, length=length))


@pytest.mark.parametrize("module", [scheduler, gpu_model_runner], ids=["scheduler", "runner"])
@pytest.mark.parametrize(
    "images", [[], [image(0, 3)], [image(2, 3)], [image(1, 2), image(4, 3)]], ids=len
)
def test_the_images_of_a_step_are_those_that_vllm_finds(module: Any, images: list[Any]) -> None:
    register()
    ours = module.get_mm_features_in_window
    its_own = original_of(ours)

    for start in range(8):
        for end in range(start, 9):
            assert ours(images, start, end) == its_own(images, start, end), (start, end)
