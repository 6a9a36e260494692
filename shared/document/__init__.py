"""Merges the page results of a job into its document in every output format; does no I/O."""

from shared.document.assembly import Document, DocumentFile, assemble
from shared.document.merged_pages import MergedPages

__all__ = ["Document", "DocumentFile", "MergedPages", "assemble"]
