"""Merges the pages of a job into its Markdown and its ``document.json``; no input or output."""

from shared.document.assembly import Document, assemble

__all__ = ["Document", "assemble"]
