"""Opens PDFs with MuPDF, quietly; only helper processes import this."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.domain.errors import CorruptDocument, UnsupportedDocument
from shared.rendering.lean_pymupdf import pymupdf

#: What MuPDF and its binding raise over bad content.
PDF_ERRORS = (
    pymupdf.mupdf.FzErrorBase,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
)

# Its messages quote documents, and nobody reads a helper's output.
pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)


def open_pdf(path: Path) -> pymupdf.Document:
    """The PDF at ``path``, whatever its name; repaired where that is possible.

    Raises CorruptDocument or UnsupportedDocument.
    """
    pymupdf.TOOLS.reset_mupdf_warnings()
    try:
        with memory_errors():
            return pymupdf.open(path, filetype="pdf")
    except PDF_ERRORS as error:
        raise_if_memory(error)
        if "encryption" in complaints():
            advice = "the PDF is encrypted in a way that can't be read here; store it without"
            raise UnsupportedDocument(advice) from None
        raise CorruptDocument("the PDF is damaged beyond repair and can't be opened") from None


def complaints() -> str:
    """What MuPDF has warned of since the last file was opened or ``memory_errors`` began."""
    warnings: str = pymupdf.TOOLS.mupdf_warnings(reset=False)
    return warnings


@contextmanager
def memory_errors() -> Iterator[None]:
    """Turn MuPDF's failed allocations into MemoryError, also those that it only warns of."""
    pymupdf.TOOLS.reset_mupdf_warnings()
    try:
        yield
    except PDF_ERRORS as error:
        raise_if_memory(error)
        raise
    if "malloc (" in complaints() or "calloc (" in complaints():
        raise MemoryError("an allocation failed while the page was drawn")


def raise_if_memory(error: BaseException) -> None:
    """Raise MemoryError where ``error`` comes from one of MuPDF's failed allocations."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, pymupdf.mupdf.FzErrorSystem) and "alloc" in str(cause):
            raise MemoryError(str(cause)) from None
        cause = cause.__context__
