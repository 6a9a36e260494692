"""PyMuPDF without the layout and Markdown packages that it loads with itself.

They bring onnxruntime and most of a second of start-up into every process that only counts
or draws pages. An engine that needs them imports ``pymupdf.layout`` by name, before or after.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_HEAVY = ("pymupdf.layout", "pymupdf4llm")


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Let imports of ``names`` fail meanwhile, which PyMuPDF takes for "not installed"."""
    hidden = [name for name in names if name not in sys.modules]
    # None is what the import system itself takes for a module that can't be had.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without(_HEAVY):
    import pymupdf

__all__ = ["pymupdf"]
