"""What is put into vLLM beside the model, against vLLM's own; needs vLLM."""

from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("vllm")

from vllm.model_executor.models.deepseek_ocr import DeepseekOCRForCausalLM  # noqa: E402
from vllm.model_executor.models.deepseek_ocr2 import DeepseekOCR2ForCausalLM  # noqa: E402
from vllm.v1.core.kv_cache_manager import KVCacheManager  # noqa: E402
from vllm.v1.core.sched.scheduler import Scheduler  # noqa: E402
from vllm.v1.engine.core import EngineCore  # noqa: E402
from vllm.v1.worker.gpu_model_runner import GPUModelRunner  # noqa: E402

from workers.engines.vllm.plugin.patching import original_of  # noqa: E402
from workers.engines.vllm.plugin.process_guard import TROUBLE  # noqa: E402
from workers.engines.vllm.plugin.register import register  # noqa: E402

register()


class Asked:
    """Stands for vLLM's own method, and counts who comes through."""

    def __init__(self, answer: Any) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._answer = answer

    def __call__(self, _self: Any, *args: Any, **_more: Any) -> Any:
        self.calls.append(args)
        return self._answer


def short_cut(method: Any, original: Any) -> Any:
    """Our way around ``method``, with ``original`` behind it."""
    from workers.engines.vllm.plugin import register as module

    place = f"{method.__module__}:{method.__qualname__}"
    return module._SHORT_CUTS[place](original)


def page(offset: int, length: int, images: int = 1) -> Any:
    image = SimpleNamespace(mm_position=SimpleNamespace(offset=offset, length=length))
    return SimpleNamespace(
        mm_features=[image] * images, has_encoder_inputs=True, request_id="page-1"
    )


def test_vllm_has_all_that_is_shortened() -> None:
    """A version that names it otherwise would be slow and say nothing."""
    for method in (
        Scheduler._try_schedule_encoder_inputs,
        KVCacheManager.allocate_slots,
        GPUModelRunner._gather_mm_embeddings,
        EngineCore._should_throttle_prefills,
    ):
        assert original_of(method) is not method


@pytest.mark.parametrize("ours", [True, False])
def test_only_our_own_engines_take_short_cuts(ours: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "workers.engines.vllm.plugin.process_guard.ours", {"file"} if ours else set()
    )
    manager = SimpleNamespace(
        coordinator=SimpleNamespace(single_type_managers=[FullAttentionManager(2)]),
        enable_caching=False,
        empty_kv_cache_blocks="none needed",
        max_model_len=64,
    )
    request = SimpleNamespace(request_id="page-1", num_computed_tokens=16)
    if ours:
        assert KVCacheManager.allocate_slots(manager, request, 1) == "none needed"
        return
    with pytest.raises(AttributeError):  # vLLM's own looks at more than there is
        KVCacheManager.allocate_slots(manager, request, 1)


@pytest.mark.parametrize("model", [DeepseekOCRForCausalLM, DeepseekOCR2ForCausalLM])
def test_no_other_engine_opens_a_file_that_a_request_names(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's server may take such fields from anyone."""

    def refuse(*_: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("workers.engines.vllm.plugin.process_guard.ours", set())
    monkeypatch.setattr("workers.engines.vllm.plugin.uint8_inputs.load", refuse)
    asked = SimpleNamespace(_parse_and_validate_image_input=lambda **kwargs: None)

    assert model.embed_multimodal(asked, level_place=[1], level_shape=[1], level_grid=[1]) in (
        None,
        [],
    )


def test_the_second_model_has_all_ready_before_the_first_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.engines.vllm.plugin.process_guard.ours", {"file"})
    asked = SimpleNamespace(
        projector=SimpleNamespace(layers=SimpleNamespace(weight=torch.empty(0))),
        _parse_and_validate_image_input=lambda **kwargs: None,
    )

    DeepseekOCR2ForCausalLM.embed_multimodal(asked, pixel_values="vLLM's own measure")

    assert hasattr(asked, "_pagefleet_levels")


@pytest.mark.parametrize("computed", range(6))
def test_images_are_asked_for_until_the_last_of_them_has_been_read(computed: int) -> None:
    """vLLM's own answer for no new token holds nothing to schedule, and the budget as it was."""
    vllms = Asked(([], 0, 77, []))
    ask = short_cut(original_of(Scheduler._try_schedule_encoder_inputs), vllms)
    scheduler = SimpleNamespace(is_encoder_decoder=False)

    found = ask(scheduler, page(1, 3), computed, 5, 77, shift_computed_tokens=0)

    beyond = computed >= 4
    assert vllms.calls[0][2] == (0 if beyond else 5)
    assert found == (([], 5, 77, []) if beyond else ([], 0, 77, []))


def test_a_page_with_two_images_goes_vllms_way() -> None:
    vllms = Asked(("its", "own"))
    ask = short_cut(original_of(Scheduler._try_schedule_encoder_inputs), vllms)

    assert ask(SimpleNamespace(is_encoder_decoder=False), page(0, 2, images=2), 9, 1, 7) == (
        "its",
        "own",
    )


def test_vllms_answer_for_no_token_is_that_there_is_nothing_to_schedule() -> None:
    ask = original_of(Scheduler._try_schedule_encoder_inputs)

    none, tokens, budget, *rest = ask(None, page(0, 3), 5, 0, 77)

    assert (none, tokens, budget) == ([], 0, 77) and not any(rest)


class FullAttentionManager:
    """vLLM's manager of blocks, by its name and by what is looked at."""

    def __init__(self, blocks: int) -> None:
        self.block_size = 16
        self.req_to_blocks = {"page-1": [object()] * blocks}


class SlidingWindowManager(FullAttentionManager):
    """One that gives blocks back while the page goes on."""


def blocks_for(computed: int, new: int, manager: Any, **more: Any) -> str:
    """Who answered: vLLM, or the short cut."""
    manager_of_cache = SimpleNamespace(
        coordinator=SimpleNamespace(single_type_managers=[manager]),
        enable_caching=more.pop("enable_caching", False),
        empty_kv_cache_blocks="none needed",
        max_model_len=64,
    )
    allocate = short_cut(original_of(KVCacheManager.allocate_slots), Asked("vLLM"))
    request = SimpleNamespace(request_id="page-1", num_computed_tokens=computed)
    return str(allocate(manager_of_cache, request, new, **more))


def test_a_token_that_fits_into_the_last_block_needs_no_new_one() -> None:
    assert blocks_for(16, 1, FullAttentionManager(2)) == "none needed"
    assert blocks_for(31, 1, FullAttentionManager(2)) == "none needed"
    assert blocks_for(32, 1, FullAttentionManager(2)) == "vLLM"
    assert blocks_for(30, 1, FullAttentionManager(2), num_lookahead_tokens=2) == "vLLM"
    assert blocks_for(63, 9, FullAttentionManager(4)) == "none needed"


def test_pages_that_enter_and_other_kinds_of_cache_go_vllms_way() -> None:
    enough = FullAttentionManager(4)

    assert blocks_for(0, 1, FullAttentionManager(0)) == "vLLM"
    assert blocks_for(16, 1, enough, has_scheduled_reqs=True) == "vLLM"
    assert blocks_for(16, 1, enough, enable_caching=True) == "vLLM"
    assert blocks_for(16, 1, SlidingWindowManager(4)) == "vLLM"


@pytest.mark.parametrize(
    ("computed", "scheduled", "short"),
    [([5, 9], 2, True), ([5, 4], 2, False), ([5, 9], 3, False)],
    ids=["all answer", "one still reads", "more than a token each"],
)
def test_embeddings_are_looked_for_until_every_page_answers(
    computed: list[int], scheduled: int, short: bool
) -> None:
    vllms = Asked("vLLM's")
    gather = short_cut(original_of(GPUModelRunner._gather_mm_embeddings), vllms)
    batch = SimpleNamespace(
        req_ids=["a", "b"],
        num_computed_tokens_cpu=torch.tensor([*computed, 0]).numpy(),
        num_prompt_tokens=torch.tensor([5, 5, 9]).numpy(),
    )
    runner = SimpleNamespace(input_batch=batch, device=torch.device("cpu"))

    found = gather(runner, SimpleNamespace(total_num_scheduled_tokens=scheduled))

    if not short:
        assert found == "vLLM's"
        return
    embeddings, mask = found
    assert embeddings == [] and mask.tolist() == [False, False]


@pytest.mark.parametrize("ours", [True, False])
def test_only_pages_of_our_own_engines_wait_for_others(ours: bool) -> None:
    scheduler = SimpleNamespace(
        running=[SimpleNamespace(is_prefill_chunk=False)],
        waiting=["page"],
        max_num_running_reqs=64,
        prefill_capacity_bound=True,
    )
    config = SimpleNamespace(additional_config={TROUBLE: "file"} if ours else {})
    core = SimpleNamespace(scheduler=scheduler, vllm_config=config)

    assert EngineCore._should_throttle_prefills(core) is ours
    assert scheduler.prefill_capacity_bound is not ours
