"""Imports PyMuPDF without the layout and Markdown packages that it would import itself.

They load onnxruntime and add most of a second to the start of every process that counts or renders
pages. An engine that needs them imports ``pymupdf.layout`` itself, before or after.
"""

from shared.config.hidden_packages import hidden

with hidden("pymupdf.layout", "pymupdf4llm"):
    import pymupdf

__all__ = ["pymupdf"]
