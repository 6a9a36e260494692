"""Counts the pages of a document; runs in a helper process."""

from pathlib import Path

from PIL import Image

from producer.intake.dynamic_form import is_dynamic_form
from producer.intake.page_tree import read_page_tree, write_flat, write_plain
from shared.domain.errors import (
    CorruptDocument,
    EncryptedDocument,
    TooManyPages,
    UnsupportedDocument,
    WrongPassword,
)
from shared.domain.filetype import Kind
from shared.rendering.image_file import IMAGE_ERRORS, check_size, open_image
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.pdf_file import PDF_ERRORS, memory_errors, open_pdf


def count_pdf(path: Path, password: str | None, max_pages: int, rewritten: Path) -> int:
    """Pages of the PDF at ``path``.

    Writes a decrypted or repaired copy to ``rewritten`` where workers could not read the file
    itself: it is encrypted or its page tree is broken. Raises DocumentError.
    """
    with open_pdf(path) as document:
        try:
            with memory_errors():
                return _count_opened(document, password, max_pages, rewritten)
        except PDF_ERRORS as error:
            reason = " ".join(str(error).split())[:200]
            raise CorruptDocument(f"the PDF is damaged and can't be read ({reason})") from None


def _count_opened(
    document: pymupdf.Document, password: str | None, max_pages: int, rewritten: Path
) -> int:
    # Read before authenticate(). A file that opens with an empty password needs no decryption.
    locked = bool(document.needs_pass)
    if locked:
        _unlock(document, password)
    tree = read_page_tree(document, max_pages)
    if not tree.pages:
        raise CorruptDocument("the PDF has no pages")
    if not tree.sound:
        write_flat(document, tree, rewritten)
        _check_rewritten(rewritten, len(tree.pages))
    else:
        _refuse_dynamic_form(document)
        if locked:
            write_plain(document, rewritten)
            _check_rewritten(rewritten, len(tree.pages))
    return len(tree.pages)


def _unlock(document: pymupdf.Document, password: str | None) -> None:
    if password is None:
        raise EncryptedDocument("the PDF is encrypted; give its password with --password-file")
    if not document.authenticate(password):
        raise WrongPassword("the password does not open this PDF; check --password-file")


def _refuse_dynamic_form(document: pymupdf.Document) -> None:
    if is_dynamic_form(document):
        raise UnsupportedDocument(
            "the PDF is a dynamic XFA form that only Adobe Reader can show; "
            "print it to a PDF there and submit that"
        )


def _check_rewritten(path: Path, pages: int) -> None:
    with open_pdf(path) as document:
        if document.needs_pass or document.page_count != pages:
            raise CorruptDocument("the PDF's page tree is damaged beyond repair")


def count_image(path: Path, kind: Kind, max_pages: int, memory_mb: int) -> int:
    """Pages of the image at ``path``: the frames of a TIFF, else one.

    A TIFF frame that can't be read counts too, so that the ledger records it as failed.
    Raises DocumentError.
    """
    with path.open("rb") as stream, open_image(stream, kind) as image:
        if min(image.size) < 1:
            raise CorruptDocument("the image has no pixels")
        frames = _count_frames(image, max_pages) if kind == "tiff" else 1
        if frames == 1:
            check_size(image, memory_mb)
        return frames


def _count_frames(image: Image.Image, max_pages: int) -> int:
    for frame in range(1, max_pages + 1):
        try:
            # Reads only the frame's directory, not its pixels.
            image.seek(frame)
        except EOFError:
            return frame
        except IMAGE_ERRORS:
            return frame + 1
    raise TooManyPages(f"the TIFF has more than {max_pages} pages; split it or raise max_pages")
