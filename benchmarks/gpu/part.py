"""One part in a process of its own, so that the GPU is free for the next.

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
    found = measure(read_plan(plan))
    # At once and whole: whoever waits may end this process while the engine still goes down.
    fresh = result.with_suffix(".new")
    fresh.write_text(json.dumps(found))
    fresh.replace(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
