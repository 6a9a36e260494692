"""Says what a helper process that was lost over a page means for that page."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.config.settings import Settings
from shared.domain.errors import HelperUnavailable, RenderFailed, RenderMemory, RenderTimeout
from shared.processes.sandbox import SandboxCrash, SandboxMemory, SandboxTimeout

#: Signals that no document causes: somebody ended the helper.
ENDED_BY_OTHERS = ("SIGTERM", "SIGINT", "SIGHUP")


@contextmanager
def page_errors(settings: Settings) -> Iterator[None]:
    """Turns the loss of a helper into RenderTimeout, RenderMemory, RenderFailed or,
    where the document is not to blame, HelperUnavailable."""
    try:
        yield
    except SandboxTimeout:
        limit = f"{settings.page_timeout_s:g} s (page_timeout_s)"
        raise RenderTimeout(f"the page took longer than {limit} to draw") from None
    except SandboxMemory as error:
        limit = f"{settings.page_memory_mb} MiB (page_memory_mb)"
        raise RenderMemory(f"drawing the page {error.message}; the limit is {limit}") from None
    except SandboxCrash as crash:
        if crash.how in ENDED_BY_OTHERS:
            raise HelperUnavailable(f"the renderer was ended by {crash.how}") from None
        raise RenderFailed(f"the page crashed the renderer ({crash.how})") from None
