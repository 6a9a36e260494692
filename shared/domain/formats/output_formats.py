"""The files in which every finished document is written.

To add a format, write its writer and add one entry to ``OUTPUT_FORMATS``; see
docs/development/add-an-output-format.md.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class OutputFormat:
    """One file of a document: ``document.<suffix>`` in the store, ``<stem>.<suffix>`` outside."""

    #: Key of the file in a webhook message.
    name: str
    suffix: str
    content_type: str
    #: "module:class", a shared.document.writers.document_writer.DocumentWriter.
    writer: str


JSON = OutputFormat(
    "json", "json", "application/json", "shared.document.writers.json_record:JsonWriter"
)
MARKDOWN = OutputFormat(
    "markdown",
    "md",
    "text/markdown; charset=utf-8",
    "shared.document.writers.markdown:MarkdownWriter",
)
#: In the order of writing. Markdown is last: a reader who sees it finds all other files.
OUTPUT_FORMATS: tuple[OutputFormat, ...] = (
    JSON,
    MARKDOWN,
)


def file_names(stem: str) -> tuple[str, ...]:
    """The names of a document's files outside of the store, without its figures."""
    return tuple(f"{stem}.{each.suffix}" for each in OUTPUT_FORMATS)
