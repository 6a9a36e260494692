"""Compiles the plugin's kernels for a GPU that need not exist; prints each one's shared memory.

usage: python -m tests.integration.workers.engines.vllm_cpu.compile_kernels 90
"""

import sys
from collections.abc import Iterator
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from workers.engines.deepseek.drafts import kernels as draft_kernels
from workers.engines.deepseek.drafts import matcher, placeholders
from workers.engines.deepseek.no_repeat import kernel
from workers.engines.deepseek.resampling import WEIGHT_BITS
from workers.engines.vllm.plugin import resizing, window_attention, window_kernel

#: Positions on a side of a window and of the whole views of all modes.
SIDES = (14, 32, 40, 64, 80)
POINTERS = {
    **dict.fromkeys(("qkv", "rel_pos", "bias", "out"), "*bf16"),
    "scale": "fp32",
    "source": "*u8",
    **dict.fromkeys(("first", "weights"), "*i32"),
    "logits": "*fp32",
    "slots": "*i64",
    **dict.fromkeys(("history", "updates", "prefixes", "max_lags", "allowed"), "*i32"),
}
#: The kernels of drafts; ``drafts`` are numbers of drafts in one and drafts in another.
DRAFT_POINTERS = {
    **dict.fromkeys(
        (
            *("best", "drafted", "sequences", "offsets", "lengths", "history", "rules", "replay"),
            *("firsts", "drafts", "forced", "expected", "follows", "tokens", "counts", "newest"),
            "reference",
        ),
        "*i32",
    ),
    "logits": "*bf16",
    "slots": "*i64",
    "discarded": "*i8",
}


def shared(
    kernel: Any,
    constants: dict[str, Any],
    capability: int,
    pointers: dict[str, str] = POINTERS,
    **options: Any,
) -> int:
    """Bytes of shared memory that one program of ``kernel`` needs."""
    types = {
        name: "constexpr" if name in constants else pointers.get(name, "i32")
        for name in kernel.arg_names
    }
    source = ASTSource(kernel, types, constexprs=constants)
    target = GPUTarget("cuda", capability, 32)
    return int(triton.compile(source, target=target, options=options).metadata.shared)


def attention(side: int, capability: int) -> int:
    """Shared memory of the attention kernel for ``side`` x ``side`` positions."""
    tiling = window_attention.tiling_for(side)
    constants = {
        **{"HEADS": 12, "HEAD_DIM": 64, "HEIGHT": side, "WIDTH": side, "PADDED": side == 14},
        **{"BLOCK_M": tiling.block_m, "BLOCK_N": tiling.block_n},
    }
    return shared(
        window_kernel.attention_kernel,
        constants,
        capability,
        num_warps=tiling.warps,
        num_stages=tiling.stages,
    )


def _draft_kernels() -> Iterator[tuple[Any, dict[str, Any], int]]:
    """The kernels of drafts, with their constants and warps."""
    for lags, replayed in ((0, False), (64, True)):
        sizes = {"LAGS": lags, "ALLOWED": 16, "REPLAYED": replayed}
        block = {"BLOCK": draft_kernels.VOCABULARY_BLOCK}
        yield draft_kernels.best_kernel, {**sizes, **block}, 8
    for columns in (1, 16):
        yield draft_kernels.settle_kernel, {"COLUMNS": columns}, 1
    constants = {
        **{"TOKENS": placeholders.REFERENCE_TOKENS, "COUNT": 8, "BLOCK": draft_kernels.TEXT_BLOCK},
        **{name: getattr(matcher, name) for name in ("DEPTH", "LEAST", "LEAST_IN_ANSWER")},
        **{name: getattr(placeholders, name) for name in ("NONE", "ABSENT", "FILLER")},
    }
    yield draft_kernels.propose_kernel, constants, 8


if __name__ == "__main__":
    for side in SIDES:
        print(attention(side, int(sys.argv[1])))
    for lags in (64, 1024):
        rule = {"LAGS": lags, "ALLOWED": 16}
        print(shared(kernel._ban_kernel, rule, int(sys.argv[1])))
    for horizontal in (True, False):
        sizes = {"HORIZONTAL": horizontal, "BITS": WEIGHT_BITS, "BLOCK": resizing.BLOCK}
        levels = {**POINTERS, "out": "*u8"}
        print(shared(resizing._resample_kernel, sizes, int(sys.argv[1]), levels))
    for chosen, sizes, warps in _draft_kernels():
        print(shared(chosen, sizes, int(sys.argv[1]), DRAFT_POINTERS, num_warps=warps))
