"""Reads the text layer of a PDF page, checks it against the rendered page and repairs it."""
