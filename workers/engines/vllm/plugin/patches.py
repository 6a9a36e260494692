"""The functions of vLLM that the plugin replaces, as data: read by ``register``, doctor and tests.

This module imports nothing of vLLM, so that it can be read where vLLM is not installed.
docs/adr/0004-vllm-plugin.md contains the same table, and a test compares them.
"""

from dataclasses import dataclass

#: Major and minor version of vLLM.
Version = tuple[int, int]


@dataclass(frozen=True)
class Patch:
    """One replaced method."""

    #: "module:Class.method" in vLLM.
    target: str
    #: "module.function" in this package; takes the original method and returns its replacement.
    replacement: str
    why: str
    #: Parameter names of the original in vLLM 0.25; "name=" has a default.
    parameters: tuple[str, ...]
    #: Parameters that later versions append, with the first version that has them.
    appended: tuple[tuple[Version, tuple[str, ...]], ...] = ()
    #: False: without the patch the engine is slower, but works.
    required: bool = True

    def parameters_in(self, version: Version) -> tuple[str, ...]:
        """The expected parameters in ``version``."""
        added = [name for since, names in self.appended if version >= since for name in names]
        return (*self.parameters, *added)


_MODELS = "vllm.model_executor.models"
PATCHES = (
    Patch(
        f"{_MODELS}.deepseek_ocr:DeepseekOCRForCausalLM.embed_multimodal",
        "vision_patches.embed_pages",
        "read pages as uint8 pixels from files, and run all pages of a step through the vision "
        "tower together",
        ("self", "**kwargs"),
    ),
    Patch(
        f"{_MODELS}.deepseek_ocr2:DeepseekOCR2ForCausalLM.embed_multimodal",
        "vision_patches.convert_pages",
        "read pages as uint8 pixels from files",
        ("self", "**kwargs"),
    ),
    Patch(
        f"{_MODELS}.deepencoder:Block.forward",
        "vision_patches.sam_block",
        "compute SAM's window attention with relative positions in one kernel",
        ("self", "x"),
    ),
    Patch(
        "vllm.v1.core.sched.scheduler:Scheduler._try_schedule_encoder_inputs",
        "fast_paths.schedule_encoder_inputs",
        "skip the search for images of pages that are past their image",
        (
            "self",
            "request",
            "num_computed_tokens",
            "num_new_tokens",
            "encoder_compute_budget",
            "shift_computed_tokens=",
        ),
        required=False,
    ),
    Patch(
        "vllm.v1.core.kv_cache_manager:KVCacheManager.allocate_slots",
        "fast_paths.allocate_slots",
        "skip cache block allocation while a token fits into the page's last block",
        (
            "self",
            "request",
            "num_new_tokens",
            "num_new_computed_tokens=",
            "new_computed_blocks=",
            "num_lookahead_tokens=",
            "num_external_computed_tokens=",
            "delay_cache_blocks=",
            "num_encoder_tokens=",
            "full_sequence_must_fit=",
            "reserved_blocks=",
            "has_scheduled_reqs=",
        ),
        appended=(((0, 32), ("skip_zeroing_group_ids=",)),),
        required=False,
    ),
    Patch(
        "vllm.v1.worker.gpu_model_runner:GPUModelRunner._gather_mm_embeddings",
        "fast_paths.gather_mm_embeddings",
        "skip the search for image embeddings when all pages are past their prompts",
        ("self", "scheduler_output", "shift_computed_tokens="),
        required=False,
    ),
    Patch(
        "vllm.config.vllm:VllmConfig.__post_init__",
        "drafts.keep_asynchronous",
        "keep asynchronous scheduling on with drafts",
        ("self",),
        required=False,
    ),
    Patch(
        "vllm.v1.worker.gpu_model_runner:GPUModelRunner._sample",
        "drafts.sample",
        "verify drafts under the no-repeat rule with the logits read once",
        ("self", "logits", "spec_decode_metadata"),
        required=False,
    ),
    Patch(
        "vllm.v1.worker.gpu_model_runner:GPUModelRunner._bookkeeping_sync",
        "drafts.bookkeeping",
        "leave the number of accepted drafts on the GPU, so that no step waits for the host",
        (
            "self",
            "scheduler_output",
            "sampler_output",
            "logits",
            "hidden_states",
            "num_scheduled_tokens",
        ),
        required=False,
    ),
    Patch(
        "vllm.v1.worker.gpu_model_runner:GPUModelRunner._prepare_input_ids",
        "draft_inputs.prepare_input_ids",
        "collect the drafts of a step in one copy instead of lists",
        (
            "self",
            "scheduler_output",
            "num_reqs",
            "total_num_scheduled_tokens",
            "cu_num_tokens",
        ),
        required=False,
    ),
    Patch(
        "vllm.v1.worker.gpu_input_batch:InputBatch.update_req_spec_token_ids",
        "draft_inputs.update_spec_token_ids",
        "leave out the copy of drafts in the memory of the host",
        ("self", "request", "scheduled_spec_tokens"),
        required=False,
    ),
    Patch(
        "vllm.v1.core.sched.async_scheduler:AsyncScheduler._update_after_schedule",
        "drafts.after_schedule",
        "schedule drafts only for pages that gain from them",
        ("self", "scheduler_output"),
        required=False,
    ),
    Patch(
        "vllm.v1.core.sched.async_scheduler:AsyncScheduler._update_request_with_output",
        "drafts.with_output",
        "note how many drafts of a page were accepted",
        ("self", "request", "new_token_ids"),
        appended=(((0, 32), ("is_stale=",)),),
        required=False,
    ),
    Patch(
        "vllm.v1.engine.core:EngineCore._should_throttle_prefills",
        "prefill_batching.should_throttle_prefills",
        "let new pages enter in groups of eight",
        ("self",),
        required=False,
    ),
    Patch(
        "vllm.v1.worker.worker_base:WorkerWrapperBase.init_device",
        "process_guard.end_with_owner_and_report_errors",
        "end an engine's worker with the process that owns it, and report why it dies",
        ("self",),
    ),
    Patch(
        "vllm.v1.worker.worker_base:WorkerWrapperBase.initialize_from_config",
        "process_guard.report_errors",
        "report why an engine's worker dies",
        ("self", "kv_cache_configs"),
    ),
    Patch(
        "vllm.v1.worker.worker_base:WorkerWrapperBase.execute_model",
        "process_guard.report_errors",
        "report why an engine's worker dies",
        ("self", "scheduler_output"),
    ),
    Patch(
        "vllm.v1.engine.core:EngineCore._initialize_kv_caches",
        "process_guard.end_with_owner_and_report_errors",
        "end an engine with the process that owns it, and report why it dies",
        ("self", "vllm_config"),
    ),
    Patch(
        "vllm.v1.worker.worker_base:WorkerWrapperBase.__getattr__",
        "process_guard.report_errors_of_methods",
        "report why an engine's worker dies, for all methods that the wrapper looks up by name",
        ("self", "attr"),
    ),
)
