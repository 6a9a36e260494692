"""Imports a library without the optional packages that it would load and pagefleet never uses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Make imports of ``names`` fail inside, as if they were not installed.

    Modules that are loaded already stay as they are. Later imports of ``names`` work.
    """
    absent = [name for name in names if name not in sys.modules]
    # The import system raises ModuleNotFoundError for a module that is None.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
