"""Removes running headers, footers and page numbers."""
