"""What the engine calls in a reading process; light to import, so that the parent stays light."""

from functools import cache

from workers.engines.cpu.ipc import PageReply, PageRequest


@cache
def load(model: str) -> None:
    """Load the weights of ``model`` for the life of this process."""
    from workers.engines.cpu.single_core import one_core

    # The layout models load with their import.
    with one_core():
        from workers.engines.cpu import reader

        reader.load(model)


def read_page(model: str, request: PageRequest) -> PageReply:
    """Read one page, loading ``model`` where this process is a fresh one."""
    load(model)
    from workers.engines.cpu import reader

    return reader.read_page(model, request)
