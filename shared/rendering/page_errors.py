"""Maps the death of a rendering process to an error of the page."""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.config.settings import Settings
from shared.domain.errors import HelperUnavailable, RenderFailed, RenderMemory, RenderTimeout
from shared.processes.sandbox import SandboxCrash, SandboxMemory, SandboxTimeout

#: Signals that a document cannot cause: another process sent them.
ENDED_BY_OTHERS = ("SIGTERM", "SIGINT", "SIGHUP")


@contextmanager
def page_errors(settings: Settings) -> Iterator[None]:
    """Turn sandbox errors into RenderTimeout, RenderMemory or RenderFailed.

    A process that was ended from outside becomes HelperUnavailable, which costs no attempt.
    """
    try:
        yield
    except SandboxTimeout:
        limit = f"{settings.page_timeout_s:g} s (page_timeout_s)"
        raise RenderTimeout(f"rendering the page took longer than {limit}") from None
    except SandboxMemory as error:
        limit = f"{settings.page_memory_mb} MiB (page_memory_mb)"
        raise RenderMemory(f"rendering the page {error.message}; the limit is {limit}") from None
    except SandboxCrash as crash:
        if crash.how in ENDED_BY_OTHERS:
            raise HelperUnavailable(f"the renderer was ended by {crash.how}") from None
        raise RenderFailed(f"the page crashed the renderer ({crash.how})") from None
