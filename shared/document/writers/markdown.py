"""Writes the document as Markdown."""

from shared.document.merged_pages import MergedPage
from shared.document.writers.document_writer import DocumentWriter


class MarkdownWriter(DocumentWriter):
    """The merged Markdown as UTF-8."""

    def write(self, page: MergedPage) -> None:
        """See DocumentWriter."""
        self.file.write(page.markdown.encode())
