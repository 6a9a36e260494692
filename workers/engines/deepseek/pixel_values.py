"""The value that the model gets for each of the 256 levels of a pixel."""

from typing import Any

import torch


def pixel_value_table(dtype: Any, device: Any) -> Any:
    """A tensor of 256 values: (level / 255 - 0.5) / 0.5, rounded once to ``dtype``.

    The table is computed on the host: GPUs divide by a constant through its reciprocal, which
    rounds differently.
    """
    levels = torch.arange(256, dtype=torch.float32) / 255
    return ((levels - 0.5) / 0.5).to(dtype).to(device, non_blocking=True)
