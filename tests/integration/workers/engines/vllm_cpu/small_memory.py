"""Imported by vLLM's workers in tests: ``small_vision`` on a device with room for two pages."""

from typing import Any

import torch
from vllm.v1.worker.cpu_worker import CPUWorker

from tests.integration.workers.engines.vllm_cpu.small_vision import SmallVision

MOST = 2
_execute = CPUWorker.execute_model


def _execute_model(self: Any, scheduled: Any) -> Any:
    if len(scheduled.num_scheduled_tokens) > MOST:
        raise torch.OutOfMemoryError("out of memory: no room for a third page")
    return _execute(self, scheduled)


CPUWorker.execute_model = _execute_model


class SmallMemory(SmallVision):
    """Naming this class makes vLLM import this module."""
