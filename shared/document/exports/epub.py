"""Writes the document as an EPUB 3 book: chapters, contents, a list of pages, figures."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from xml.etree.ElementTree import Element, tostring

from shared.document.exports.export_input import ExportInput
from shared.document.exports.figures import Figures
from shared.document.exports.web.html import STYLE, missing
from shared.document.exports.web.html_tree import NOTES_CLASS, PAGE_CLASS, plain, text_of, tree_of
from shared.document.exports.zip_files import zip_entry
from shared.domain.records.job import Manifest

#: Readers load a chapter as a whole.
MAX_CHAPTER_BLOCKS = 400
_CHAPTER_HEADINGS = frozenset(("h1", "h2"))
_IN_CONTENTS = frozenset(("h1", "h2", "h3"))
_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/content.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""


@dataclass
class _Book:
    title: str
    chapters: list[Element] = field(default_factory=list)
    #: Address and text of each entry.
    contents: list[tuple[str, str]] = field(default_factory=list)
    pages: list[tuple[str, str]] = field(default_factory=list)
    figures: dict[str, bytes] = field(default_factory=dict)


def write_epub(exported: ExportInput) -> bytes:
    """The document as EPUB 3; equal input gives equal bytes."""
    book = _book(exported)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        # Readers find this text at a fixed place of the file.
        archive.writestr(zip_entry("mimetype", kind=zipfile.ZIP_STORED), "application/epub+zip")
        archive.writestr(zip_entry("META-INF/container.xml"), _CONTAINER)
        for name, data in _files(book, exported.manifest):
            kind = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            archive.writestr(zip_entry(f"book/{name}", kind=kind), data)
    return file.getvalue()


def _book(exported: ExportInput) -> _Book:
    body = tree_of(exported.whole().markdown)
    book = _Book(plain(exported.manifest.source.name) or "document", list(_chapters(body)))
    figures = Figures(exported)
    for image in list(body.iter("img")):
        _take(image, figures, book)
    homes: dict[str, str] = {}
    for number, chapter in enumerate(book.chapters, start=1):
        for element in chapter.iter():
            _mark(element, _name(number), book, homes)
    for chapter in book.chapters:
        for link in chapter.iter("a"):
            target = link.get("href", "")
            if target.startswith("#"):
                link.set("href", homes.get(target[1:], "") + target)
    return book


def _chapters(body: Element) -> Iterator[Element]:
    """``body`` divided before the highest headings, and after a number of blocks."""
    chapter = Element("body")
    chapter.text = body.text
    for block in list(body):
        begins = block.tag in _CHAPTER_HEADINGS and any(map(_is_text, chapter))
        if begins or len(chapter) >= MAX_CHAPTER_BLOCKS:
            # The anchor of the page that begins here goes with the heading.
            anchor = chapter[-1] if begins and not _is_text(chapter[-1]) else None
            if anchor is not None:
                chapter.remove(anchor)
            yield chapter
            chapter = Element("body")
            if anchor is not None:
                chapter.append(anchor)
        chapter.append(block)
    yield chapter


def _is_text(block: Element) -> bool:
    return block.get("class") != PAGE_CLASS


def _take(image: Element, figures: Figures, book: _Book) -> None:
    name = image.get("src", "").rpartition("/")[2]
    data = book.figures.get(name) or figures.get(name)
    if data is None:
        missing(image)
        return
    book.figures[name] = data
    image.set("src", f"figures/{name}")
    image.set("alt", image.get("alt", ""))


def _mark(element: Element, chapter: str, book: _Book, homes: dict[str, str]) -> None:
    """Note what ``element`` is for the contents, the list of pages and links."""
    if element.tag in _IN_CONTENTS:
        element.set("id", f"heading-{len(book.contents) + 1}")
        text = " ".join(text_of(element).split())
        book.contents.append((f"{chapter}#{element.get('id')}", text or "…"))
    name = element.get("id", "")
    if name:
        homes[name] = chapter
    if element.get("class") == PAGE_CLASS:
        number = name.removeprefix("page-")
        element.attrib.update({"epub:type": "pagebreak", "role": "doc-pagebreak"})
        element.set("aria-label", number)
        book.pages.append((f"{chapter}#{name}", number))
    elif element.get("class") == NOTES_CLASS:
        element.set("epub:type", "footnotes")


def _name(chapter: int) -> str:
    return f"chapter-{chapter:04d}.xhtml"


def _files(book: _Book, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    """The files of the book by their names, in the order in which they are stored."""
    yield "content.opf", _package(book, manifest).encode()
    yield "nav.xhtml", _navigation(book).encode()
    yield "style.css", STYLE.encode()
    for number, chapter in enumerate(book.chapters, start=1):
        yield _name(number), _xhtml(book.title, tostring(chapter, encoding="unicode")).encode()
    for name, data in book.figures.items():
        yield f"figures/{name}", data


def _xhtml(title: str, body: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">\n'
        f"<head><title>{escape(title)}</title>"
        f'<link rel="stylesheet" type="text/css" href="style.css"/></head>\n{body}\n</html>\n'
    )


def _navigation(book: _Book) -> str:
    contents = book.contents or [(_name(1), book.title)]
    lists = f'<nav epub:type="toc" id="toc"><h1>Contents</h1>{_links(contents)}</nav>'
    if book.pages:
        lists += f'<nav epub:type="page-list" hidden="hidden">{_links(book.pages)}</nav>'
    return _xhtml(book.title, f"<body>{lists}</body>")


def _links(entries: list[tuple[str, str]]) -> str:
    items = "".join(f'<li><a href="{address}">{escape(text)}</a></li>' for address, text in entries)
    return f"<ol>{items}</ol>"


def _package(book: _Book, manifest: Manifest) -> str:
    modified = datetime.fromtimestamp(manifest.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    chapters = range(1, len(book.chapters) + 1)
    items = [
        *(_item(f"c{each}", _name(each), "application/xhtml+xml") for each in chapters),
        *(
            _item(f"f{number}", f"figures/{name}", "image/png")
            for number, name in enumerate(book.figures, start=1)
        ),
    ]
    spine = "".join(f'<itemref idref="c{each}"/>' for each in chapters)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:identifier id="id">urn:pagefleet:{manifest.job_id}</dc:identifier>'
        f"<dc:title>{escape(book.title)}</dc:title><dc:language>und</dc:language>"
        f'<meta property="dcterms:modified">{modified}</meta></metadata>\n'
        '<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" '
        'properties="nav"/><item id="style" href="style.css" media-type="text/css"/>\n'
        f"{''.join(items)}</manifest>\n<spine>{spine}</spine>\n</package>\n"
    )


def _item(name: str, address: str, kind: str) -> str:
    return f'<item id="{name}" href="{address}" media-type="{kind}"/>\n'
