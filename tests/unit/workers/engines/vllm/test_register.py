"""The replaced functions give the results of vLLM's own; needs vLLM."""

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

from workers.engines.vllm.plugin import fast_paths  # noqa: E402
from workers.engines.vllm.plugin.patching import original_of  # noqa: E402
from workers.engines.vllm.plugin.process_guard import CRASH_REPORT_KEY  # noqa: E402
from workers.engines.vllm.plugin.register import register  # noqa: E402

register()


@pytest.fixture
def pagefleet_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process count as part of a pagefleet engine."""
    monkeypatch.setattr("workers.engines.vllm.plugin.process_guard.owned_reports", {"file"})


class Original:
    """Stands for vLLM's own method and records its calls."""

    def __init__(self, result: Any) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._result = result

    def __call__(self, _self: Any, *args: Any, **_more: Any) -> Any:
        self.calls.append(args)
        return self._result


def page(offset: int, length: int, images: int = 1) -> Any:
    image = SimpleNamespace(mm_position=SimpleNamespace(offset=offset, length=length))
    return SimpleNamespace(
        mm_features=[image] * images, has_encoder_inputs=True, request_id="page-1"
    )


@pytest.mark.parametrize("pagefleet", [True, False])
def test_only_pagefleet_engines_take_fast_paths(
    pagefleet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "workers.engines.vllm.plugin.process_guard.owned_reports", {"file"} if pagefleet else set()
    )
    manager = SimpleNamespace(
        coordinator=SimpleNamespace(single_type_managers=[FullAttentionManager(2)]),
        enable_caching=False,
        empty_kv_cache_blocks="none needed",
        max_model_len=64,
    )
    request = SimpleNamespace(request_id="page-1", num_computed_tokens=16)
    if pagefleet:
        assert KVCacheManager.allocate_slots(manager, request, 1) == "none needed"
        return
    with pytest.raises(AttributeError):  # vLLM's own method needs more attributes
        KVCacheManager.allocate_slots(manager, request, 1)


@pytest.mark.parametrize("model", [DeepseekOCRForCausalLM, DeepseekOCR2ForCausalLM])
def test_other_engines_open_no_file_that_a_request_names(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another vLLM server may accept such fields from untrusted clients."""

    def refuse(*_: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("workers.engines.vllm.plugin.process_guard.owned_reports", set())
    monkeypatch.setattr("workers.engines.vllm.plugin.uint8_inputs.load", refuse)
    instance = SimpleNamespace(_parse_and_validate_image_input=lambda **kwargs: None)

    assert model.embed_multimodal(instance, uint8_path=[1], uint8_shape=[1], uint8_grid=[1]) in (
        None,
        [],
    )


@pytest.mark.usefixtures("pagefleet_engine")
def test_memory_profiling_of_the_second_model_includes_the_value_table() -> None:
    instance = SimpleNamespace(
        projector=SimpleNamespace(layers=SimpleNamespace(weight=torch.empty(0))),
        _parse_and_validate_image_input=lambda **kwargs: None,
    )

    DeepseekOCR2ForCausalLM.embed_multimodal(instance, pixel_values="vLLM's own input")

    assert hasattr(instance, "_pagefleet_pixel_values")


@pytest.mark.usefixtures("pagefleet_engine")
@pytest.mark.parametrize("computed", range(6))
def test_images_are_scheduled_until_the_last_token_of_the_last_image(computed: int) -> None:
    """vLLM's own result for 0 new tokens is: nothing to schedule, budget unchanged."""
    original = Original(([], 0, 77, []))
    schedule = fast_paths.schedule_encoder_inputs(original)
    scheduler = SimpleNamespace(is_encoder_decoder=False)

    result = schedule(scheduler, page(1, 3), computed, 5, 77, shift_computed_tokens=0)

    beyond = computed >= 4
    assert original.calls[0][2] == (0 if beyond else 5)
    assert result == (([], 5, 77, []) if beyond else ([], 0, 77, []))


@pytest.mark.usefixtures("pagefleet_engine")
def test_a_page_with_two_images_uses_vllms_function() -> None:
    original = Original(("its", "own"))
    schedule = fast_paths.schedule_encoder_inputs(original)

    assert schedule(SimpleNamespace(is_encoder_decoder=False), page(0, 2, images=2), 9, 1, 7) == (
        "its",
        "own",
    )


def test_vllms_result_for_0_tokens_is_nothing_to_schedule() -> None:
    schedule = original_of(Scheduler._try_schedule_encoder_inputs)

    none, tokens, budget, *rest = schedule(None, page(0, 3), 5, 0, 77)

    assert (none, tokens, budget) == ([], 0, 77)
    assert not any(rest)


class FullAttentionManager:
    """Has the name and the used attributes of vLLM's block manager."""

    def __init__(self, blocks: int) -> None:
        self.block_size = 16
        self.req_to_blocks = {"page-1": [object()] * blocks}


class SlidingWindowManager(FullAttentionManager):
    """A manager that frees blocks of a running page."""


def blocks_for(computed: int, new: int, manager: Any, **more: Any) -> str:
    """The result of vLLM, or of the fast path."""
    manager_of_cache = SimpleNamespace(
        coordinator=SimpleNamespace(single_type_managers=[manager]),
        enable_caching=more.pop("enable_caching", False),
        empty_kv_cache_blocks="none needed",
        max_model_len=64,
    )
    allocate = fast_paths.allocate_slots(Original("vLLM"))
    request = SimpleNamespace(request_id="page-1", num_computed_tokens=computed)
    return str(allocate(manager_of_cache, request, new, **more))


@pytest.mark.usefixtures("pagefleet_engine")
def test_a_token_that_fits_into_the_last_block_needs_no_new_one() -> None:
    assert blocks_for(16, 1, FullAttentionManager(2)) == "none needed"
    assert blocks_for(31, 1, FullAttentionManager(2)) == "none needed"
    assert blocks_for(32, 1, FullAttentionManager(2)) == "vLLM"
    assert blocks_for(30, 1, FullAttentionManager(2), num_lookahead_tokens=2) == "vLLM"
    assert blocks_for(63, 9, FullAttentionManager(4)) == "none needed"


@pytest.mark.usefixtures("pagefleet_engine")
def test_new_pages_and_other_kinds_of_cache_use_vllms_function() -> None:
    enough = FullAttentionManager(4)

    assert blocks_for(0, 1, FullAttentionManager(0)) == "vLLM"
    assert blocks_for(16, 1, enough, has_scheduled_reqs=True) == "vLLM"
    assert blocks_for(16, 1, enough, enable_caching=True) == "vLLM"
    assert blocks_for(16, 1, SlidingWindowManager(4)) == "vLLM"


@pytest.mark.usefixtures("pagefleet_engine")
@pytest.mark.parametrize(
    ("computed", "scheduled", "shortcut"),
    [([5, 9], 2, True), ([5, 4], 2, False), ([5, 9], 3, True)],
    ids=["all past", "one in its prompt", "drafts after a token"],
)
def test_embeddings_are_gathered_until_all_pages_are_past_their_prompts(
    computed: list[int], scheduled: int, shortcut: bool
) -> None:
    original = Original("vLLM's")
    gather = fast_paths.gather_mm_embeddings(original)
    batch = SimpleNamespace(
        req_ids=["a", "b"],
        num_computed_tokens_cpu=torch.tensor([*computed, 0]).numpy(),
        num_prompt_tokens=torch.tensor([5, 5, 9]).numpy(),
    )
    runner = SimpleNamespace(input_batch=batch, device=torch.device("cpu"))

    result = gather(runner, SimpleNamespace(total_num_scheduled_tokens=scheduled))

    if not shortcut:
        assert result == "vLLM's"
        return
    embeddings, mask = result
    assert embeddings == []
    assert mask.tolist() == [False] * scheduled


@pytest.mark.parametrize("pagefleet", [True, False])
def test_only_pages_of_pagefleet_engines_wait_for_others(pagefleet: bool) -> None:
    scheduler = SimpleNamespace(
        running=[SimpleNamespace(is_prefill_chunk=False)],
        waiting=["page"],
        max_num_running_reqs=64,
        prefill_capacity_bound=True,
    )
    config = SimpleNamespace(additional_config={CRASH_REPORT_KEY: "file"} if pagefleet else {})
    core = SimpleNamespace(scheduler=scheduler, vllm_config=config)

    assert EngineCore._should_throttle_prefills(core) is pagefleet
    assert scheduler.prefill_capacity_bound is not pagefleet
