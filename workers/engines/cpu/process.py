"""Functions that the engine calls in a reading process.

The engine's process imports this module too, so the models are imported inside the functions.
"""

from functools import cache

from workers.engines.cpu.ipc import PageReply, PageRequest


@cache
def load_models(model: str) -> None:
    """Load the weights of ``model`` once in this process; raises EngineUnavailable."""
    from workers.engines.cpu.single_core import one_visible_core

    # Importing the reader loads the layout models, so import it with one core visible.
    with one_visible_core():
        from workers.engines.cpu import reader

        reader.load_recognizer(model)


def read_page(model: str, request: PageRequest) -> PageReply:
    """Read one page with ``model``, which is loaded first in a new process."""
    load_models(model)
    from workers.engines.cpu import reader

    return reader.read_page(model, request)
