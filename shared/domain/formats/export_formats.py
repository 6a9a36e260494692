"""The formats that ``run --to`` and ``fetch --to`` write beside Markdown.

Exports are made when a document is written into a folder, from the stored page results; the store
holds none of them. To add one, write its writer and add one entry to ``EXPORT_FORMATS``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.errors import UsageError
from shared.domain.formats.output_formats import MARKDOWN, file_names

#: The word for the Markdown file and its figures, which is the default.
MARKDOWN_WORD = "md"
CHUNK_CHARS = 2000
#: The end of the name of the PDF with boxes; DeepSeek's script names it so too.
LAYOUT_ENDING = "_layouts.pdf"
#: What ``--save`` can name: folders of files by page. Figures are written with Markdown anyway.
SAVE_WORDS = ("raw", "boxes", "figures", "pages")


@dataclass(frozen=True)
class ExportFormat:
    """One file of an exported document: ``<stem>.<suffix>``."""

    #: Its word in ``--to``.
    name: str
    suffix: str
    #: "module:function", called with shared.document.exports.ExportInput; returns the file's bytes.
    #: Empty for a file that producer.delivery.page_files makes of the pages of the source.
    writer: str
    #: Modules that the writer imports and that an extra of the package installs.
    modules: tuple[str, ...] = ()
    #: The extra, as in ``pip install 'pagefleet[docx]'``.
    extra: str = ""


_WRITERS = "shared.document.exports"
CHUNKS = ExportFormat("chunks", "chunks.jsonl", f"{_WRITERS}.chunks_file:write_chunks")
#: The pages of the source with an invisible text layer.
PDF = ExportFormat("pdf", "pdf", "")
#: In the order of writing. ``--chunks`` adds chunks to jsonl.
EXPORT_FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat("html", "html", f"{_WRITERS}.web.html:write_html"),
    ExportFormat("docx", "docx", f"{_WRITERS}.word.docx:write_docx", ("docx",), "docx"),
    ExportFormat("epub", "epub", f"{_WRITERS}.epub:write_epub"),
    ExportFormat(
        "docling",
        "docling.json",
        f"{_WRITERS}.docling:write_docling",
        ("docling_core",),
        "docling",
    ),
    ExportFormat("jsonl", "jsonl", f"{_WRITERS}.jsonl:write_jsonl"),
    PDF,
)
_BY_NAME = {each.name: each for each in EXPORT_FORMATS}
FORMAT_NAMES = (MARKDOWN_WORD, *_BY_NAME)


@dataclass(frozen=True)
class ExportChoice:
    """What ``--to`` and ``--chunks`` ask for; the document's record is always written."""

    formats: tuple[ExportFormat, ...] = ()
    #: Whether the Markdown and its figures are written.
    markdown: bool = True
    #: The most characters of one chunk.
    chunk_chars: int = CHUNK_CHARS
    #: Whether the PDF with boxes is written.
    layout_pdf: bool = False
    #: What is written for each page, of SAVE_WORDS.
    saved: frozenset[str] = frozenset()
    #: Whether each page is one Markdown file of the folder, as OmniDocBench expects, and no more.
    by_page: bool = False

    def file_names(self, stem: str) -> tuple[str, ...]:
        """The names that a document's files may have, without those in its folder."""
        layouts = (f"{stem}{LAYOUT_ENDING}",) if self.layout_pdf else ()
        return (*file_names(stem), *(f"{stem}.{each.suffix}" for each in self.formats), *layouts)

    @property
    def has_page_files(self) -> bool:
        """Whether producer.delivery.page_files is needed."""
        return PDF in self.formats or self.layout_pdf or bool(self.saved - {"figures"})

    def main_file(self, stem: str) -> str:
        """The file to show to a user: the Markdown, or the first other one."""
        suffix = MARKDOWN.suffix if self.markdown else self.formats[0].suffix
        return f"{stem}.{suffix}"


DEFAULT = ExportChoice()


def saved_words(texts: Iterable[str]) -> frozenset[str]:
    """The words of ``--save`` such as ``raw,boxes``; raises UsageError for an unknown word."""
    words = [word.strip().lower() for text in texts for word in text.split(",") if word.strip()]
    unknown = next((word for word in words if word not in SAVE_WORDS), None)
    if unknown is not None:
        raise UsageError(f"--save {unknown} is unknown; choose from {', '.join(SAVE_WORDS)}")
    return frozenset(words)


def export_choice(
    to: Iterable[str], chunks: bool = False, chars: int | None = None
) -> ExportChoice:
    """The choice of words such as ``md,html``; the default without any.

    Raises UsageError for an unknown word, and where chunks are asked for without jsonl.
    """
    words = [word.strip().lower() for text in to for word in text.split(",") if word.strip()]
    unknown = next((word for word in words if word not in FORMAT_NAMES), None)
    if unknown is not None:
        raise UsageError(f"--to {unknown} is unknown; choose from {', '.join(FORMAT_NAMES)}")
    if chunks and "jsonl" not in words:
        raise UsageError("--chunks needs --to jsonl")
    if chars is not None and not chunks:
        raise UsageError("--chunk-chars needs --chunks")
    formats = tuple(each for each in EXPORT_FORMATS if each.name in words)
    return ExportChoice(
        formats + ((CHUNKS,) if chunks else ()),
        not words or MARKDOWN_WORD in words,
        chars or CHUNK_CHARS,
    )
