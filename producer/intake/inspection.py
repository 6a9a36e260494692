"""Inspects an open file before work is queued for it: format, page count and content hash."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self

from producer.intake.document import OpenedDocument
from producer.intake.input_file import InputFile
from shared.config.settings import Settings
from shared.domain.errors import (
    CorruptDocument,
    EmptyInput,
    NotADocument,
    TooLarge,
)
from shared.domain.filetype import HEAD_BYTES, Kind, sniff
from shared.processes.sandbox import Sandbox, SandboxCrash, SandboxMemory, SandboxTimeout

HASH_CHUNK_BYTES = 1024 * 1024
#: Modules that an inspection's sandbox loads in advance.
PRELOAD = ("producer.intake.inspection_child",)


@dataclass(frozen=True)
class Limits:
    """Limits above which a document is refused."""

    max_pages: int
    max_file_bytes: int
    max_page_pixels: int
    open_timeout_s: float
    page_memory_mb: int

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The limits that the settings define."""
        return cls(
            max_pages=settings.max_pages,
            max_file_bytes=settings.max_file_bytes,
            max_page_pixels=settings.max_page_pixels,
            open_timeout_s=settings.open_timeout_s,
            page_memory_mb=settings.page_memory_mb,
        )


def inspect(
    file: InputFile, password: str | None, limits: Limits, sandbox: Sandbox, decrypted: Path
) -> OpenedDocument:
    """Inspect an open file; raises DocumentError where it is refused.

    A PDF that is encrypted or has a broken page tree is rewritten to ``decrypted``, with the
    same bytes each time, because workers could not open it; otherwise nothing is written.
    A PDF that opens without a password is not rewritten, whatever its permissions are.
    """
    before = _version(file.stream)
    _check_bytes(file.stream, limits)
    kind = sniff(file.stream.read(HEAD_BYTES))
    page_count = _count(file.path, kind, password, limits, sandbox, decrypted)
    if decrypted.exists():
        with decrypted.open("rb") as stream:
            return _describe(stream, decrypted, kind, page_count)
    document = _describe(file.stream, file.path, kind, page_count)
    if _version(file.stream) != before:
        raise NotADocument("the file changed while it was read; submit it again")
    return document


def _version(stream: BinaryIO) -> tuple[int, int]:
    """Changes whenever the bytes of the open file are changed."""
    status = os.fstat(stream.fileno())
    return status.st_mtime_ns, status.st_size


def _check_bytes(stream: BinaryIO, limits: Limits) -> None:
    size = os.fstat(stream.fileno()).st_size
    if size == 0:
        raise EmptyInput("the file is empty (0 bytes)")
    if size > limits.max_file_bytes:
        raise TooLarge(
            f"the file has {size} bytes, more than {limits.max_file_bytes}; "
            "split it or raise max_file_bytes"
        )


def _count(
    path: Path,
    kind: Kind,
    password: str | None,
    limits: Limits,
    sandbox: Sandbox,
    decrypted: Path,
) -> int:
    # A partial file of an earlier try must not be taken for this document.
    decrypted.unlink(missing_ok=True)
    timeout = limits.open_timeout_s
    try:
        if kind == "pdf":
            pdf = (path, password, limits.max_pages, decrypted)
            return sandbox.run(_count_pdf, *pdf, timeout_s=timeout)
        image = (path, kind, limits.max_pages, limits.page_memory_mb)
        return sandbox.run(_count_image, *image, timeout_s=timeout)
    except SandboxTimeout:
        advice = "damaged, or too complex for open_timeout_s"
        raise CorruptDocument(f"could not be opened in {timeout:g} s: {advice}") from None
    except SandboxMemory:
        limit = f"{limits.page_memory_mb} MiB to open (page_memory_mb)"
        raise TooLarge(f"the document needs more than {limit}") from None
    except SandboxCrash as crash:
        raise CorruptDocument(f"the reader crashed on this file ({crash.how})") from None


def _count_pdf(path: Path, password: str | None, max_pages: int, rewritten: Path) -> int:
    # Imported in the helper process only: PyMuPDF takes most of a second to load.
    from producer.intake.inspection_child import count_pdf

    return count_pdf(path, password, max_pages, rewritten)


def _count_image(path: Path, kind: Kind, max_pages: int, memory_mb: int) -> int:
    from producer.intake.inspection_child import count_image

    return count_image(path, kind, max_pages, memory_mb)


def _describe(stream: BinaryIO, path: Path, kind: Kind, page_count: int) -> OpenedDocument:
    # Not to the end of the file, because another process may append to it forever.
    size = os.fstat(stream.fileno()).st_size
    digest = hashlib.sha256()
    stream.seek(0)
    while (left := size - stream.tell()) and (chunk := stream.read(min(left, HASH_CHUNK_BYTES))):
        digest.update(chunk)
    return OpenedDocument(kind, path, page_count, digest.hexdigest(), stream.tell())
