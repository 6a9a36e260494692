"""Reads a merged document as a tree of HTML elements, from which other formats are written."""

import re
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

from mdit_py_plugins.footnote import footnote_plugin

from shared.document.control_characters import strip_control
from shared.document.exports.web.safe_html import MATH_CLASS, cleaned, renderer

VOID = frozenset(("br", "hr", "img"))
PAGE_CLASS = "page"
REFERENCE_CLASS = "footnote-ref"
NOTES_CLASS = "footnotes"
BACK_CLASS = "footnote-backref"
#: Elements nested deeper are left out, their text is kept.
MAX_DEPTH = 60
_CLASSES = frozenset(
    (MATH_CLASS, PAGE_CLASS, REFERENCE_CLASS, NOTES_CLASS, BACK_CLASS, "footnotes-sep")
)
_ATTRIBUTES = {
    "a": frozenset(("id", "class")),
    "li": frozenset(("id",)),
    "span": frozenset(("id",)),
    "sup": frozenset(("class",)),
    "section": frozenset(("class",)),
    "hr": frozenset(("class",)),
    "td": frozenset(("style",)),
    "th": frozenset(("style",)),
}
#: Elements that HTML has no longer, and what is written instead.
_RENAMED = {"center": "div"}
_ID = re.compile(r"(?:page-|fn|fnref)\d+(?::\d+)?")
_OWN_LINK = re.compile(r"#(?:fn|fnref)\d+(?::\d+)?")
_FIGURE = re.compile(r"figures/[A-Za-z0-9._-]+")
_ALIGNMENT = re.compile(r"text-align:(?:left|center|right)")
_ANCHOR = r"<!-- page (\d+) -->"
#: An anchor between rows moves into the first cell of the next row: elsewhere it would leave the
#: table.
_ROW_ANCHOR = re.compile(rf"{_ANCHOR}\s*(<tr[^<>]*>\s*<t[dh][^<>]*>)", re.IGNORECASE)
_ANY_ANCHOR = re.compile(_ANCHOR)
#: Characters that XML 1.0 forbids, and noncharacters.
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")


def tree_of(markdown: str) -> Element:
    """``markdown`` after the safety rules as a ``body`` element.

    The address of an image is ``figures/<file name>``; there are no others. Page anchors are
    ``<span class="page" id="page-7">``.
    """
    html = renderer().use(footnote_plugin, inline=False).render(markdown)
    html = _ROW_ANCHOR.sub(r'\2<span class="page" id="page-\1"></span>', html)
    html = _ANY_ANCHOR.sub(r'<span class="page" id="page-\1"></span>', html)
    parser = _Reader()
    parser.feed(cleaned(html, _allowed, _ATTRIBUTES, frozenset(("section",))))
    return parser.finished()


def plain(text: str) -> str:
    """``text`` without characters that XML forbids or that are unsafe in files."""
    return _FORBIDDEN.sub("", strip_control(text))


def text_of(element: Element) -> str:
    """The text of an element; a line break is a newline."""
    own = "\n" if element.tag == "br" else element.text or ""
    return own + "".join(text_of(child) + (child.tail or "") for child in element)


def _allowed(tag: str, name: str, value: str) -> str | None:
    if name == "id":
        return value if _ID.fullmatch(value) else None
    if name == "class":
        return value if value in _CLASSES else None
    if name == "style":
        return value if _ALIGNMENT.fullmatch(value) else None
    if (tag, name) == ("img", "src"):
        return value if _FIGURE.fullmatch(value) else None
    if (tag, name) == ("a", "href"):
        return value if ":" in value.split("#")[0] or _OWN_LINK.fullmatch(value) else None
    return value


class _Reader(HTMLParser):
    """Builds the tree of sanitized HTML, in which every element is closed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._builder = TreeBuilder()
        self._builder.start("body", {})
        self._depth = 0

    def finished(self) -> Element:
        self.close()
        self._builder.end("body")
        return self._builder.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            self._builder.start(tag, _plain_attributes(attrs, tag))
            self._builder.end(tag)
            return
        self._depth += 1
        if self._depth <= MAX_DEPTH:
            self._builder.start(_RENAMED.get(tag, tag), _plain_attributes(attrs, tag))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if self._depth <= MAX_DEPTH:
            self._builder.end(_RENAMED.get(tag, tag))
        self._depth -= 1

    def handle_data(self, data: str) -> None:
        self._builder.data(plain(data))


def _plain_attributes(attrs: list[tuple[str, str | None]], tag: str) -> dict[str, str]:
    """The attributes, with the alignment of a column or of old HTML as a class."""
    plain_ones = {name: plain(value or "") for name, value in attrs}
    for name, value in plain_ones.items():
        if name == "id" or (name == "href" and value.startswith("#")):
            plain_ones[name] = value.replace(":", "-")  # names in XML have no colons
    if style := plain_ones.pop("style", ""):
        plain_ones["class"] = style.partition(":")[2]
    return {"class": "center"} if tag == "center" else plain_ones
