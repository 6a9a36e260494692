"""Every known error, in one tree; each class carries its ledger code and exit code.

PagefleetError
├── UsageError                     the command line is wrong (exit 2)
├── JobFailed                      finished with failed or cancelled pages (exit 3)
├── NotFound                       the store answers, but has no such object
├── DocumentError                  the document cannot be converted: recorded (exit 4)
│   ├── BadLine                    a line of a manifest file names no document
│   ├── NotADocument, EmptyInput, CorruptDocument, EncryptedDocument,
│   │   WrongPassword, UnsupportedDocument, TooLarge, TooManyPages, PageRangeError
│   ├── NewerRelease               a kind of CorruptDocument: left to workers of that release
│   └── PageError                  one page failed: counts as one of its attempts
│       └── RenderFailed, RenderTimeout, RenderMemory, EngineFailed, UnreadableScript,
│           Repetition, Truncated, Quarantined, Cancelled
└── TransientError                 a machine or service has a problem: retried, costs no attempt
    ├── StoreUnreachable, BrokerUnreachable (exit 5)
    │   └── StoreFull, StoreSilent, BrokerFull, BrokerMisconfigured
    └── EngineDead, EngineUnreachable, HelperUnavailable
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of both commands."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    FAILED_PAGES = 3
    REFUSED = 4
    UNREACHABLE = 5
    TIMED_OUT = 6
    INTERRUPTED = 130


class PagefleetError(Exception):
    """Base of all errors; ``code`` goes into the ledger, ``exit_code`` to the shell."""

    code = "internal"
    exit_code = ExitCode.INTERNAL

    @property
    def message(self) -> str:
        """The error text in one line, without its code."""
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
    """The job did not end within the time limit of ``wait``."""

    code = "timed_out"
    exit_code = ExitCode.TIMED_OUT


class NotFound(PagefleetError):
    """The store answers and has no such object."""

    code = "not_found"


class DocumentError(PagefleetError):
    """The document cannot be converted; the error is recorded and not retried."""

    exit_code = ExitCode.REFUSED


class BadLine(DocumentError):
    """A line of a manifest file names no document, or options that are wrong."""

    code = "bad_line"


class NotADocument(DocumentError):
    """The content is neither a PDF nor an image."""

    code = "not_a_document"


class EmptyInput(DocumentError):
    """The input has no bytes."""

    code = "empty"


class CorruptDocument(DocumentError):
    """The document is damaged beyond repair."""

    code = "corrupt"


class NewerRelease(CorruptDocument):
    """A stored record was written by a newer release; workers of that release can read it."""


class EncryptedDocument(DocumentError):
    """The document needs a password."""

    code = "encrypted"


class WrongPassword(DocumentError):
    """The password does not open the document."""

    code = "wrong_password"


class UnsupportedDocument(DocumentError):
    """The format is recognised and not supported."""

    code = "unsupported"


class TooLarge(DocumentError):
    """The document has more bytes or pixels than a limit allows."""

    code = "too_large"


class TooManyPages(DocumentError):
    """The document has more pages than ``max_pages``."""

    code = "too_many_pages"


class PageRangeError(DocumentError):
    """A page list names pages that the document does not have."""

    code = "page_range"


class PageError(DocumentError):
    """One page failed; it is retried unless the class is ``final``."""

    final = False
    #: Attempts after which it is final, where these are fewer than ``max_attempts``.
    most_attempts: int | None = None


class RenderFailed(PageError):
    """The page cannot be rendered."""

    code = "render_failed"
    final = True


class RenderTimeout(PageError):
    """Rendering took longer than ``page_timeout_s``."""

    code = "render_timeout"


class RenderMemory(PageError):
    """Rendering needed more memory than ``page_memory_mb``."""

    code = "render_memory"


class EngineFailed(PageError):
    """The engine could not read the page."""

    code = "engine_failed"


class EngineTimeout(EngineFailed):
    """Reading the page took longer than ``engine_timeout_s``."""

    most_attempts = 2


class Repetition(PageError):
    """The model repeated itself with every sampling setting."""

    code = "repetition"
    final = True


class Truncated(PageError):
    """The model's answer did not end within the token limit."""

    code = "truncated"
    final = True


class UnreadableScript(PageError):
    """The page shows text that the engine cannot read, such as another script."""

    code = "unreadable"
    final = True


class Quarantined(PageError):
    """The process died each time it worked on the page, also when it worked on nothing else."""

    code = "quarantined"
    final = True


class Cancelled(PageError):
    """The job was cancelled before the page had a result."""

    code = "cancelled"
    final = True


class TransientError(PagefleetError):
    """A machine or service has a problem; the page is retried and no attempt is counted."""

    #: Whether the problem may pass by itself, as far as can be told.
    may_pass = False


class StoreUnreachable(TransientError):
    """The object store does not answer or refuses access."""

    code = "store_unreachable"
    exit_code = ExitCode.UNREACHABLE


class StoreSilent(StoreUnreachable):
    """The object store does not answer."""

    may_pass = True


class StoreFull(StoreUnreachable):
    """The store has no space for new objects; reads and deletes still work."""


class BrokerUnreachable(TransientError):
    """The broker does not answer or refuses access."""

    code = "broker_unreachable"
    exit_code = ExitCode.UNREACHABLE
    may_pass = True


class BrokerMisconfigured(BrokerUnreachable):
    """The broker's address, password or certificate is wrong, so waiting does not help."""

    may_pass = False


class ShardUnreachable(BrokerUnreachable):
    """One of several brokers does not answer; jobs of the others go on."""


class BrokerFull(BrokerUnreachable):
    """The broker has no memory or disk space for more messages."""


class EngineDead(TransientError):
    """The engine process died or hangs; the supervisor restarts the worker process."""

    code = "engine_failed"


class EngineUnreachable(TransientError):
    """The inference server is unreachable, overloaded or misconfigured; pages stay queued."""

    code = "engine_failed"


class EngineUnavailable(UsageError):
    """The engine cannot run on this machine: a package, driver or model is missing."""


class HelperUnavailable(TransientError):
    """A helper process could not be started."""


#: From most to least severe, for commands with several inputs.
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


def worst(codes: list[ExitCode]) -> ExitCode:
    """The most severe of ``codes``; OK for none."""
    return min(codes, key=GRAVITY.index, default=ExitCode.OK)
