"""Writes an HTML page that shows each page image with its boxes beside its Markdown."""
