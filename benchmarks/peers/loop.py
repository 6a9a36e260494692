"""Runs the plain loop of the checkout in PYTHONPATH, which may be an older one.

    PYTHON loop.py FILE PAGES

Its last line is a JSON object with pages per second and CPU seconds a page.
"""

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    """Read the first pages of a file."""
    file, pages = sys.argv[1:]
    # The settings moved between versions; every version's loop imports them.
    module = importlib.import_module("benchmarks.plain_loop")
    speed = module.plain_loop(module.Settings(), Path(file), int(pages))
    print(json.dumps({"pages_per_s": speed.pages_per_s, "cpu_s": speed.cpu_s}))


if __name__ == "__main__":
    main()
