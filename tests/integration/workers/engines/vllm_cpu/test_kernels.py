"""All kernels compile for GPUs; their results are tested in Triton's interpreter."""

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT

pytest.importorskip("triton", reason="run by make test-vllm")


@pytest.mark.parametrize(
    ("capability", "room"), [(80, 163), (89, 99), (90, 227)], ids=["A100", "L40S", "H100"]
)
def test_every_kernel_compiles_and_fits_into_the_shared_memory_of_the_gpu(
    capability: int, room: int
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    command = [
        sys.executable,
        "-m",
        "tests.integration.workers.engines.vllm_cpu.compile_kernels",
        str(capability),
    ]
    result = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )

    assert result.returncode == 0, result.stderr[-2000:]
    shared_memory = [int(line) for line in result.stdout.split()]
    assert len(shared_memory) == 14
    assert max(shared_memory) <= room * 1024
