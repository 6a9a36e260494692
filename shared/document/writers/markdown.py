"""Writes the document as Markdown."""

from shared.document.merged_pages import MergedPages


def write_markdown(merged: MergedPages) -> bytes:
    """The merged Markdown as UTF-8."""
    return merged.markdown.encode()
