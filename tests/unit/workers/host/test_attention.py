"""The chosen attention backend, and the reason that ``doctor`` shows."""

import pytest

from workers.host import attention


@pytest.mark.parametrize(
    ("flash", "name", "reason"),
    [(True, "flash_attention_2", "is installed"), (False, "sdpa", "pip install")],
)
def test_transformers_uses_flash_attention_if_it_is_installed(
    flash: bool, name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "has_nvidia_device", lambda: True)
    monkeypatch.setattr(attention, "has_package", lambda package: flash)
    chosen = attention.transformers_attention()

    assert chosen.name == name
    assert reason in chosen.reason


@pytest.mark.parametrize(
    ("generations", "name", "reason"),
    [
        ((9, 9), "FLASH_ATTN", "flash attention 3"),
        ((8,), "FLASH_ATTN", "flash attention 2"),
        ((9, 7), "TRITON_ATTN", "older than Ampere"),
        ((10,), "FLASHINFER", "Blackwell"),
        ((), "CPU_ATTN", "no GPU"),
    ],
)
def test_vllms_attention_follows_from_the_oldest_gpu(
    generations: tuple[int, ...], name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "gpu_generations", lambda: generations)
    monkeypatch.setattr(attention, "has_package", lambda package: True)
    chosen = attention.vllm_attention()

    assert chosen.name == name
    assert reason in chosen.reason


def test_engines_without_attention_have_none() -> None:
    assert attention.attention_of("cpu") is None
