"""Opens PDFs with MuPDF; imported by helper processes only."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.domain.errors import CorruptDocument, UnsupportedDocument
from shared.rendering.lean_pymupdf import pymupdf

#: Exceptions that MuPDF and its binding raise for bad content.
PDF_ERRORS = (
    pymupdf.mupdf.FzErrorBase,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
)

# Its messages quote documents, and the output of helper processes is discarded.
pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)


def open_pdf(path: Path) -> pymupdf.Document:
    """The PDF at ``path``, with any file name; repaired by MuPDF where possible.

    Raises CorruptDocument or UnsupportedDocument.
    """
    pymupdf.TOOLS.reset_mupdf_warnings()
    try:
        with memory_errors():
            return pymupdf.open(path, filetype="pdf")
    except PDF_ERRORS as error:
        raise_if_memory(error)
        if "encryption" in mupdf_warnings():
            advice = "the encryption of the PDF is not supported; save it without encryption"
            raise UnsupportedDocument(advice) from None
        raise CorruptDocument("the PDF is damaged beyond repair and can't be opened") from None


def mupdf_warnings() -> str:
    """Warnings since the last file was opened or ``memory_errors`` was entered."""
    warnings: str = pymupdf.TOOLS.mupdf_warnings(reset=False)
    return warnings


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn failed allocations of MuPDF, also those that are only warnings, into MemoryError."""
    pymupdf.TOOLS.reset_mupdf_warnings()
    try:
        yield
    except PDF_ERRORS as error:
        raise_if_memory(error)
        raise
    if "malloc (" in mupdf_warnings() or "calloc (" in mupdf_warnings():
        raise MemoryError("an allocation failed while the page was rendered")


def raise_if_memory(error: BaseException) -> None:
    """Raise MemoryError where ``error`` was caused by a failed allocation of MuPDF."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, pymupdf.mupdf.FzErrorSystem) and "alloc" in str(cause):
            raise MemoryError(str(cause)) from None
        cause = cause.__context__
