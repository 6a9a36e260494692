"""Writes the document as a Word file with python-docx: styles, lists, tables, figures, links.

Notes stand under a heading at the end, and their marks are ``[1]``, because python-docx has no
footnotes. Formulas stay TeX between backslashes.
"""

import io
import zipfile
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

import docx
from docx.document import Document

from shared.document.exports.export_input import ExportInput
from shared.document.exports.figures import Figures
from shared.document.exports.web.html_tree import plain, tree_of
from shared.document.exports.word.docx_blocks import BlockWriter
from shared.document.exports.zip_files import EPOCH, zip_entry


def write_docx(exported: ExportInput) -> bytes:
    """The document as DOCX; equal input gives equal bytes."""
    document = docx.Document()
    _set_properties(document, exported)
    BlockWriter(document, Figures(exported)).write(_body(exported))
    file = io.BytesIO()
    document.save(file)
    return _without_times(file.getvalue())


def _body(exported: ExportInput) -> Element:
    return tree_of(exported.whole().markdown)


def _set_properties(document: Document, exported: ExportInput) -> None:
    created = datetime.fromtimestamp(exported.manifest.created, UTC).replace(tzinfo=None)
    properties = document.core_properties
    properties.title = plain(exported.manifest.source.name)[:255]
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = created
    properties.revision = 1


def _without_times(data: bytes) -> bytes:
    """The archive with the same time for every file."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            new.writestr(zip_entry(name, EPOCH), old.read(name))
    return result.getvalue()
