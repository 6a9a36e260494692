"""Marks for what pagefleet itself writes into the text of pages: page anchors and footnotes.

The safety rules break anchors, links and definitions that come from a page. What the structure
rules add is therefore written as noncharacters, which are removed from all pages first and
replaced after the last safety rule.
"""

import re

_PAGE, _REFERENCE, _DEFINITION, _END = "\ufddc", "\ufddd", "\ufdde", "\ufddf"
_MARKS = re.compile("[\ufddc-\ufddf]")
PAGE_MARK = re.compile(rf"{_PAGE}([0-9]+){_END}")
_NOTE = re.compile(rf"([{_REFERENCE}{_DEFINITION}])([0-9]+){_END}")


def without_marks(text: str) -> str:
    """``text`` of a page without characters that look like marks."""
    return _MARKS.sub("", text)


def page_mark(page: int) -> str:
    """The mark at which ``page`` begins inside a joined unit."""
    return f"{_PAGE}{page}{_END}"


def without_page_marks(text: str) -> str:
    """``text`` without the places of page anchors."""
    return PAGE_MARK.sub("", text) if _PAGE in text else text


def reference(number: int) -> str:
    """The mark of footnote ``number`` in running text."""
    return f"{_REFERENCE}{number}{_END}"


def definition(number: int) -> str:
    """The beginning of the text of footnote ``number``."""
    return f"{_DEFINITION}{number}{_END}"


def with_notes(text: str) -> str:
    """``text`` with its marks of footnotes as Markdown."""
    if _END not in text:
        return text
    return _NOTE.sub(lambda mark: f"[^{mark[2]}]" + (": " if mark[1] == _DEFINITION else ""), text)


def without_any_marks(text: str) -> str:
    """``text`` with the labels of footnotes and without the places of page anchors."""
    return with_notes(without_page_marks(text))
