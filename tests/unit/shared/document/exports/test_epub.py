"""``--to epub``: a valid container with well-formed chapters that another reader opens."""

import io
import posixpath
import re
import zipfile
from xml.etree.ElementTree import Element, fromstring

import pymupdf
from hypothesis import HealthCheck, given, settings

from shared.document.exports.epub import write_epub
from tests.support.documents.exported import everything, export_input, hostile_pages, png

OPF = "{http://www.idpf.org/2007/opf}"
XHTML = "{http://www.w3.org/1999/xhtml}"


def archive_of(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


def check(data: bytes) -> list[Element]:
    """What epubcheck would: container, manifest, spine, links and ids; returns the chapters."""
    archive = archive_of(data)
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert data[30:58] == b"mimetypeapplication/epub+zip"
    package = fromstring(archive.read("book/content.opf"))
    items = {item.get("id"): item.get("href", "") for item in package.iter(f"{OPF}item")}
    names = set(archive.namelist()) - {"mimetype", "META-INF/container.xml", "book/content.opf"}
    assert {f"book/{address}" for address in items.values()} == names
    spine = [items[each.get("idref")] for each in package.iter(f"{OPF}itemref")]
    trees = {name: fromstring(archive.read(f"book/{name}")) for name in [*spine, "nav.xhtml"]}
    ids = {f"{name}#{node.get('id')}" for name, tree in trees.items() for node in tree.iter()}
    for name, tree in trees.items():
        own = [node.get("id") for node in tree.iter() if node.get("id")]
        assert len(own) == len(set(own))
        for node in tree.iter():
            target = node.get("href") or node.get("src") or ""
            if target and not re.match(r"(?i)https?:|mailto:", target):
                whole = posixpath.normpath(target if target[0] != "#" else name + target)
                assert whole in ids or f"book/{whole}" in names, target
    return [trees[name] for name in spine]


def test_the_book_is_valid_and_has_contents_and_pages() -> None:
    data = write_epub(everything())

    assert len(check(data)) == 3
    nav = archive_of(data).read("book/nav.xhtml").decode()
    assert re.findall(r">([^<>]+)</a>", nav) == ["The Harbour", "Lists", "Tables", *"1234"]
    assert png() in [archive_of(data).read(name) for name in archive_of(data).namelist()]


def test_another_reader_shows_the_text_in_order() -> None:
    with pymupdf.open(stream=write_epub(everything()), filetype="epub") as book:
        text = " ".join(page.get_text() for page in book)
        assert [title for _, title, _ in book.get_toc()] == ["The Harbour", "Lists", "Tables"]
        blocks = [block for page in book for block in page.get_text("dict")["blocks"]]
        assert any(block["type"] == 1 for block in blocks)

    words = ["The Harbour", "bold", "nested", "Quoted", "Head", "Page 3 could not", "The text of"]
    places = [text.index(word) for word in words]
    assert places == sorted(places)


def test_equal_documents_give_equal_bytes() -> None:
    assert write_epub(everything()) == write_epub(everything())


@settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
@given(hostile_pages)
def test_hostile_pages_stay_text(texts: list[str]) -> None:
    chapters = check(write_epub(export_input([*texts, "# SENTINEL"])))

    tags = {str(node.tag).removeprefix(XHTML) for tree in chapters for node in tree.iter()}
    assert not tags & {"script", "iframe", "style", "object", "svg", "a:x"}
    assert "SENTINEL" in "".join(chapters[-1].itertext())
