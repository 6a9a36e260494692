"""The command line of a child Python that imports nothing from its working folder."""

import sys


def python_command(*arguments: str) -> list[str]:
    """Run this Python with ``arguments``; -P keeps the working folder out of ``sys.path``."""
    return [sys.executable, "-P", *arguments]
