"""Every known failure, in one tree; the class carries its consequence as data.

PagefleetError
├── UsageError                     the command line is wrong (exit 2)
├── JobFailed                      finished with failed or cancelled pages (exit 3)
├── NotFound                       the store answers, but has no such object
├── DocumentError                  this document is bad: recorded, never retried (exit 4)
│   ├── NotADocument, EmptyInput, CorruptDocument, EncryptedDocument,
│   │   WrongPassword, UnsupportedDocument, TooLarge, TooManyPages, PageRangeError
│   └── PageError                  one page is bad: counts as an attempt of that page
│       └── RenderFailed, RenderTimeout, RenderMemory, EngineFailed, Repetition,
│           Truncated, Quarantined, Cancelled
└── TransientError                 this machine or a service is unwell: retried elsewhere
    ├── StoreUnreachable, BrokerUnreachable (exit 5)
    │   └── StoreFull, BrokerFull
    └── EngineDead, EngineUnreachable, HelperUnavailable
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    FAILED_PAGES = 3
    REFUSED = 4
    UNREACHABLE = 5
    TIMED_OUT = 6
    INTERRUPTED = 130


class PagefleetError(Exception):
    """Root of the tree. ``code`` goes into the ledger, ``exit_code`` to the shell."""

    code = "internal"
    exit_code = ExitCode.INTERNAL

    @property
    def message(self) -> str:
        """The error in one line, without its code."""
        return " ".join(str(self).split())


class UsageError(PagefleetError):
    """The command line or a setting is wrong."""

    code = "usage"
    exit_code = ExitCode.USAGE


class JobFailed(PagefleetError):
    """A job ended with failed or cancelled pages."""

    code = "failed"
    exit_code = ExitCode.FAILED_PAGES


class WaitTimedOut(PagefleetError):
    """``wait`` gave up before the job ended."""

    code = "timed_out"
    exit_code = ExitCode.TIMED_OUT


class NotFound(PagefleetError):
    """The store answers, but there is no such object."""

    code = "not_found"


class DocumentError(PagefleetError):
    """This document is bad: a recorded outcome, never a retry storm."""

    exit_code = ExitCode.REFUSED


class NotADocument(DocumentError):
    code = "not_a_document"


class EmptyInput(DocumentError):
    code = "empty"


class CorruptDocument(DocumentError):
    code = "corrupt"


class EncryptedDocument(DocumentError):
    code = "encrypted"


class WrongPassword(DocumentError):
    code = "wrong_password"


class UnsupportedDocument(DocumentError):
    code = "unsupported"


class TooLarge(DocumentError):
    code = "too_large"


class TooManyPages(DocumentError):
    code = "too_many_pages"


class PageRangeError(DocumentError):
    code = "page_range"


class PageError(DocumentError):
    """One page could not be made; ``final`` means that trying again is no use."""

    final = False


class RenderFailed(PageError):
    code = "render_failed"
    final = True


class RenderTimeout(PageError):
    code = "render_timeout"


class RenderMemory(PageError):
    code = "render_memory"


class EngineFailed(PageError):
    code = "engine_failed"


class Repetition(PageError):
    code = "repetition"
    final = True


class Truncated(PageError):
    code = "truncated"
    final = True


class Quarantined(PageError):
    code = "quarantined"
    final = True


class Cancelled(PageError):
    code = "cancelled"
    final = True


class TransientError(PagefleetError):
    """This machine or a service is unwell; never costs a page one of its attempts."""


class StoreUnreachable(TransientError):
    code = "store_unreachable"
    exit_code = ExitCode.UNREACHABLE


class StoreFull(StoreUnreachable):
    """The store has no room left for more; what is in it can be read and removed."""


class BrokerUnreachable(TransientError):
    code = "broker_unreachable"
    exit_code = ExitCode.UNREACHABLE


class BrokerFull(BrokerUnreachable):
    """The broker has no memory or disk left for more work."""


class EngineDead(TransientError):
    """The engine process died or hangs; the worker has to be started again."""

    code = "engine_failed"


class EngineUnreachable(TransientError):
    """The server that reads pages is away, too busy or misconfigured; pages wait for it."""

    code = "engine_failed"


class EngineUnavailable(UsageError):
    """The engine cannot run here (package, driver or model missing)."""


class HelperUnavailable(TransientError):
    """A helper process could not be started."""


#: From gravest to mildest, for the exit status of a command over several inputs.
GRAVITY = (
    ExitCode.INTERRUPTED,
    ExitCode.INTERNAL,
    ExitCode.UNREACHABLE,
    ExitCode.USAGE,
    ExitCode.REFUSED,
    ExitCode.FAILED_PAGES,
    ExitCode.TIMED_OUT,
    ExitCode.OK,
)


def gravest(codes: list[ExitCode]) -> ExitCode:
    """The exit status of a command whose parts ended with ``codes``."""
    return min(codes, key=GRAVITY.index, default=ExitCode.OK)
