"""Runs one part of the benchmark in its own process, so that the GPU is free afterwards.

usage: python -m benchmarks.gpu.part NAME PLAN.json RESULT.json
"""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.gpu.plan import read_plan


def main() -> int:
    """Measure and write the result."""
    name, plan, result = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    measure: Callable[..., dict[str, Any]] = import_module(f"benchmarks.gpu.{name}").measure
    measured = measure(read_plan(plan))
    # Written atomically: the parent may kill this process while the engine still shuts down.
    temporary = result.with_suffix(".new")
    temporary.write_text(json.dumps(measured))
    temporary.replace(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
