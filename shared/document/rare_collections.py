"""Collects garbage rarely while a document is merged.

Merging makes millions of small objects and few cycles. Python's cyclic collector would look at all
of them again and again, which costs a fifth of the time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Objects made before a collection of the youngest, and collections before one of the next ages.
_RARE = (50_000, 20, 20)
#: Restored afterwards; two threads may merge at the same time.
_USUAL = gc.get_threshold()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect garbage rarely inside the ``with`` block."""
    gc.set_threshold(*_RARE)
    try:
        yield
    finally:
        gc.set_threshold(*_USUAL)
