"""Imported by vLLM's workers in tests: like ``small_vision``, on a device that holds two pages."""

from typing import Any

import torch
from vllm.v1.worker.cpu_worker import CPUWorker

from tests.integration.workers.engines.vllm_cpu.small_vision import SmallVision

MOST = 2
_execute = CPUWorker.execute_model


def _execute_model(self: Any, scheduled: Any) -> Any:
    if len(scheduled.num_scheduled_tokens) > MOST:
        raise torch.OutOfMemoryError("out of memory: tried to hold a third page")
    return _execute(self, scheduled)


CPUWorker.execute_model = _execute_model


class SmallMemory(SmallVision):
    """Named so that vLLM imports this module."""
