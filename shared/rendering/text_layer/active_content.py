"""Removes from a PDF what a viewer would execute, open or extract.

The PDF of pages that pagefleet writes is a result: scripts, attachments and actions of its author
do not belong to it. Links to the web, to mail and within the document stay, and so do the fields of
forms with their values.
"""

import re

from shared.rendering.lean_pymupdf import pymupdf

#: Actions of viewers other than going to a page or to the web, showing layers, or clearing a form.
_ACTIONS = (
    "JavaScript", "Launch", "GoToR", "GoToE", "SubmitForm", "ImportData", "Rendition", "Movie",
    "Sound", "RichMediaExecute", "GoTo3DView",
)  # fmt: skip
_ANNOTATIONS = ("FileAttachment", "RichMedia", "Screen", "Movie", "Sound", "3D")
_SCHEMES = ("http:", "https:", "mailto:")
_STRING = r"\((?:[^\\()]|\\.)*\)|<[0-9A-Fa-f\s]*>(?!>)"
#: MuPDF writes objects without escapes in names, and parentheses in strings with escapes.
_ACTIVE = re.compile(
    rf"(?P<kept>/(?:S|Subtype)\s*)/(?:{'|'.join((*_ACTIONS, *_ANNOTATIONS))})(?![^\s/<>()\[\]])"
    rf"|/URI\s*(?P<address>{_STRING})|{_STRING}",
    re.DOTALL,
)
#: The object that only names an action, to which an action may refer.
_NAME = re.compile(rf"\s*/(?:{'|'.join((*_ACTIONS, *_ANNOTATIONS))})\s*")
_REMOVED = "/Removed"
#: Keys of the catalogue, and of the dictionaries in it.
_KEYS = ("OpenAction", "AA", "AF", "Collection")
_INNER_KEYS = (("Names", "JavaScript"), ("Names", "EmbeddedFiles"), ("AcroForm", "XFA"))


def remove_active_content(document: "pymupdf.Document") -> None:
    """Change ``document`` in place; the pages look as before."""
    for xref in range(1, document.xref_length()):
        if not document.xref_is_stream(xref):
            _clean(document, xref)
    catalogue = document.pdf_catalog()
    for key in _KEYS:
        _remove(document, catalogue, key)
    for outer, inner in _INNER_KEYS:
        kind, value = document.xref_get_key(catalogue, outer)
        if kind == "xref":
            _remove(document, int(value.split()[0]), inner)
        elif kind == "dict":
            _remove(document, catalogue, f"{outer}/{inner}")


def _clean(document: "pymupdf.Document", xref: int) -> None:
    text = document.xref_object(xref, compressed=True)
    cleaned = _REMOVED if _NAME.fullmatch(text) else _ACTIVE.sub(_harmless, text)
    if cleaned != text:
        document.update_object(xref, cleaned)


def _harmless(found: "re.Match[str]") -> str:
    if found["kept"] is not None:
        return f"{found['kept']}{_REMOVED}"
    address = found["address"]
    if address is None or _text(address).lower().lstrip().startswith(_SCHEMES):
        return found.group()
    return "/URI()"


def _text(string: str) -> str:
    if string.startswith("<"):
        digits = re.sub(r"\s", "", string[1:-1])
        return bytes.fromhex(digits + "0" * (len(digits) % 2)).decode("latin-1")
    return string[1:-1]


def _remove(document: "pymupdf.Document", xref: int, key: str) -> None:
    if document.xref_get_key(xref, key)[0] != "null":
        document.xref_set_key(xref, key, "null")
