"""Compiles the plugin's kernels for a GPU that need not be there: a line of shared memory each.

usage: python -m tests.integration.workers.engines.vllm_cpu.compile_kernels 90
"""

import sys
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from workers.engines.deepseek.no_repeat import kernel
from workers.engines.deepseek.resampling import WEIGHT_BITS
from workers.engines.vllm.plugin import resizing, window_attention

#: Places on a side of a window and of the whole views of all modes.
SIDES = (14, 32, 40, 64, 80)
POINTERS = {
    **dict.fromkeys(("qkv", "positions", "bias", "out"), "*bf16"),
    "scale": "fp32",
    "source": "*u8",
    **dict.fromkeys(("first", "weights"), "*i32"),
    "logits": "*fp32",
    "slots": "*i64",
    **dict.fromkeys(("history", "news", "leads", "reaches", "allowed"), "*i32"),
}


def shared(
    kernel: Any, constants: dict[str, Any], capability: int, levels: bool = False, **options: int
) -> int:
    """Bytes of shared memory that one program takes."""
    known = {**POINTERS, "out": "*u8"} if levels else POINTERS
    types = {
        name: "constexpr" if name in constants else known.get(name, "i32")
        for name in kernel.arg_names
    }
    source = ASTSource(kernel, types, constexprs=constants)
    target = GPUTarget("cuda", capability, 32)
    return int(triton.compile(source, target=target, options=options).metadata.shared)


def attention(side: int, capability: int) -> int:
    """The same for a window, or a whole view, of ``side`` x ``side`` places."""
    tiling = window_attention.tiling_for(side)
    constants = {
        **{"HEADS": 12, "DEPTH": 64, "HEIGHT": side, "BREADTH": side, "PADDED": side == 14},
        **{"LINES": tiling.keys // side, "QUERIES": tiling.queries, "KEYS": tiling.keys},
        "LOG2_E": window_attention._LOG2_E,
    }
    options = {"num_warps": tiling.warps, "num_stages": tiling.stages}
    return shared(window_attention._attend, constants, capability, **options)


if __name__ == "__main__":
    for side in SIDES:
        print(attention(side, int(sys.argv[1])))
    for lags in (64, 1024):
        rule = {"LAGS": lags, "ALLOWED": 16}
        print(shared(kernel._hold_back, rule, int(sys.argv[1])))
    for sideways in (True, False):
        sizes = {"SIDEWAYS": sideways, "BITS": WEIGHT_BITS, "PIXELS": resizing._PIXELS}
        print(shared(resizing._resample, sizes, int(sys.argv[1]), levels=True))
