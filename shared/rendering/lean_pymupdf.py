"""Imports PyMuPDF without the layout and Markdown packages that it would import itself.

They load onnxruntime and add most of a second to the start of every process that counts or renders
pages. An engine that needs them imports ``pymupdf.layout`` itself, before or after.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_HEAVY = ("pymupdf.layout", "pymupdf4llm")


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Make imports of ``names`` fail, so that PyMuPDF believes they are not installed."""
    hidden = [name for name in names if name not in sys.modules]
    # The import system raises ModuleNotFoundError for a module that is None.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without(_HEAVY):
    import pymupdf

__all__ = ["pymupdf"]
