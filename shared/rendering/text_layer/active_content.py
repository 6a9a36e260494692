"""Removes from a PDF what a viewer would execute, open or extract.

The PDF of pages that pagefleet writes is a result: scripts, attachments and actions of its author
do not belong to it. Links to the web, to mail and within the document stay, and so do the fields of
forms with their values.
"""

import re

from shared.rendering.lean_pymupdf import pymupdf

#: Actions of viewers other than going to a page or to the web, showing layers, or clearing a form.
_ACTIONS = (
    "JavaScript", "Launch", "GoToR", "GoToE", "Thread", "SubmitForm", "ImportData", "Rendition",
    "Movie", "Sound", "RichMediaExecute", "GoTo3DView",
)  # fmt: skip
_ANNOTATIONS = ("FileAttachment", "RichMedia", "Screen", "Movie", "Sound", "3D")
_SCHEMES = ("http:", "https:", "mailto:")
_STRING = r"\((?:[^\\()]|\\.)*\)|<[0-9A-Fa-f\s]*>(?!>)"
#: MuPDF writes objects without escapes in names, and parentheses in strings with escapes.
_ACTIVE = re.compile(
    rf"(?P<kept>/(?:S|Subtype)\s*)/(?:{'|'.join((*_ACTIONS, *_ANNOTATIONS))})(?![^\s/<>()\[\]])"
    rf"|/URI\s*(?P<address>{_STRING})|/URI\s+(?P<object>\d+)\s+\d+\s+R\b"
    # The bytes of an attachment, wherever a description of a file stands.
    rf"|(?P<file>/EF\s*(?:\d+\s+\d+\s+R\b|<<[^<>()]*>>|(?=<)))"
    # HTML of notes and fields, with links of its own; their plain text stays.
    rf"|(?P<rich>/R[CV]\s*(?:{_STRING}|\d+\s+\d+\s+R\b))|{_STRING}",
    re.DOTALL,
)
#: The object that only names an action, to which an action may refer.
_NAME = re.compile(rf"\s*/(?:{'|'.join((*_ACTIONS, *_ANNOTATIONS))})\s*")
_REMOVED = "/Removed"
#: Keys of the catalogue, and of the dictionaries in it.
_KEYS = ("OpenAction", "AA", "AF", "Collection", "URI")
#: Keys of a stream whose content a viewer would take from another file.
_EXTERNAL_KEYS = ("F", "Ref", "OPI")
_INNER_KEYS = (("Names", "JavaScript"), ("Names", "EmbeddedFiles"), ("AcroForm", "XFA"))


def remove_active_content(document: "pymupdf.Document") -> None:
    """Change ``document`` in place; the pages look as before."""
    for xref in range(1, document.xref_length()):
        # Streams too: viewers take the dictionary of a stream for an action or an annotation.
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
    if _NAME.fullmatch(text):
        cleaned = _REMOVED
    else:
        cleaned = _ACTIVE.sub(lambda found: _harmless(document, found), text)
    if cleaned != text:
        document.update_object(xref, cleaned)
    if document.xref_is_stream(xref):
        for key in _EXTERNAL_KEYS:
            _remove(document, xref, key)


def _harmless(document: "pymupdf.Document", found: "re.Match[str]") -> str:
    if found["kept"] is not None:
        return f"{found['kept']}{_REMOVED}"
    if found["file"] is not None:
        return _REMOVED if found["file"] == "/EF" else ""
    if found["rich"] is not None:
        return ""
    if found["object"] is not None:
        return found.group() if _is_web(_object(document, int(found["object"]))) else "/URI()"
    if found["address"] is None or _is_web(found["address"]):
        return found.group()
    return "/URI()"


def _object(document: "pymupdf.Document", xref: int) -> str:
    """The text of an object; "" where there is none of this number."""
    return document.xref_object(xref) if 0 < xref < document.xref_length() else ""


def _is_web(string: str) -> bool:
    """Whether the text of an object is a string with an address of the web or of mail."""
    is_string = re.fullmatch(_STRING, string, re.DOTALL) is not None
    return is_string and _text(string).lower().lstrip().startswith(_SCHEMES)


def _text(string: str) -> str:
    if string.startswith("<"):
        digits = re.sub(r"\s", "", string[1:-1])
        return bytes.fromhex(digits + "0" * (len(digits) % 2)).decode("latin-1")
    return string[1:-1]


def _remove(document: "pymupdf.Document", xref: int, key: str) -> None:
    if document.xref_get_key(xref, key)[0] != "null":
        document.xref_set_key(xref, key, "null")
