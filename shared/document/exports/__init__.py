"""One writer per export format; ``shared.domain.formats.export_formats`` lists them.

Every writer gets an ExportInput and returns the bytes of one file. Equal input gives equal bytes.
"""

from shared.document.exports.export_input import ExportInput

__all__ = ["ExportInput"]
