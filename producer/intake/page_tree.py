"""Reads the real pages of a PDF and repairs a page tree that does not match them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.domain.errors import TooManyPages
from shared.rendering.lean_pymupdf import pymupdf
from shared.rendering.pdf_file import PDF_ERRORS, raise_if_memory

mupdf = pymupdf.mupdf
#: Objects of MuPDF's low-level interface, which has no types.
PdfObject = Any
_INHERITED = ("Resources", "MediaBox", "CropBox", "Rotate")
_KEPT_IN_CATALOG = ("AcroForm", "OCProperties")
_PAGE_KEYS = ("Contents", "MediaBox", "Parent")
#: Inherited keys are looked up over at most this many levels; real trees have a few.
MAX_DEPTH = 200


@dataclass
class PageTree:
    """The pages in order; not ``sound`` where MuPDF would count or find different pages."""

    pages: list[PdfObject] = field(default_factory=list)
    sound: bool = True


def read_page_tree(document: pymupdf.Document, max_pages: int) -> PageTree:
    """The pages below the catalog or, where there are none, every page object of the file.

    Raises TooManyPages.
    """
    pdf = pymupdf._as_pdf_document(document)
    tree = PageTree()
    root = _get(_get(mupdf.pdf_trailer(pdf), "Root"), "Pages")
    if mupdf.pdf_is_dict(root):
        _walk(root, tree, max_pages)
    if not tree.pages:
        tree = PageTree(list(_unlinked_pages(pdf, max_pages)), sound=False)
    tree.sound = tree.sound and _mupdf_count(document) == len(tree.pages)
    return tree


def write_flat(document: pymupdf.Document, tree: PageTree, target: Path) -> None:
    """Write the document with ``tree``'s pages directly below a new catalog, undamaged."""
    pdf = pymupdf._as_pdf_document(document)
    for page in tree.pages:
        _keep_inherited(page)
    top = mupdf.pdf_add_object(pdf, mupdf.pdf_new_dict(pdf, 4))
    kids = mupdf.pdf_new_array(pdf, len(tree.pages))
    for page in tree.pages:
        mupdf.pdf_dict_puts(page, "Type", mupdf.pdf_new_name("Page"))
        mupdf.pdf_dict_puts(page, "Parent", top)
        mupdf.pdf_array_push(kids, page)
    mupdf.pdf_dict_puts(top, "Type", mupdf.pdf_new_name("Pages"))
    mupdf.pdf_dict_puts(top, "Count", mupdf.pdf_new_int(len(tree.pages)))
    mupdf.pdf_dict_puts(top, "Kids", kids)
    _set_catalog(pdf, top)
    options = _plain_options()
    # Drops unreferenced objects, because they may be unreadable.
    options.do_garbage = 1
    mupdf.pdf_save_document(pdf, str(target), options)


def write_plain(document: pymupdf.Document, target: Path) -> None:
    """Write the document without encryption; the same document gives the same bytes."""
    mupdf.pdf_save_document(pymupdf._as_pdf_document(document), str(target), _plain_options())


def _plain_options() -> Any:
    options = mupdf.PdfWriteOptions()
    options.do_encrypt = pymupdf.PDF_ENCRYPT_NONE
    # A new file identifier would be random and change the job id.
    options.dont_regenerate_id = 1
    return options


def _walk(root: PdfObject, tree: PageTree, max_pages: int) -> None:
    """Collect the leaves below ``root``; a loop, because a deep tree would exhaust recursion."""
    stack: list[PdfObject | _Subtree] = [root]
    nodes_seen: set[int] = set()
    while stack:
        node = stack.pop()
        if isinstance(node, _Subtree):
            tree.sound = tree.sound and len(tree.pages) - node.before == node.declared
            continue
        kids = _get(node, "Kids")
        if not mupdf.pdf_is_array(kids):
            _take_leaf(node, tree, max_pages)
            continue
        number = mupdf.pdf_to_num(node)
        if number in nodes_seen or len(nodes_seen) > 2 * max_pages:
            tree.sound = False
            continue
        nodes_seen.add(number)
        # Popped after all nodes below it: checks the count, which MuPDF trusts.
        stack.append(_Subtree(len(tree.pages), mupdf.pdf_to_int(_get(node, "Count"))))
        stack.extend(_reversed(kids, max_pages))


@dataclass(frozen=True)
class _Subtree:
    """The end of a node: pages found before it and the page count that it declares."""

    before: int
    declared: int


def _reversed(kids: PdfObject, max_pages: int) -> Iterator[PdfObject]:
    length = mupdf.pdf_array_len(kids)
    # Kids may be empty nodes, so more kids than pages are allowed, up to a limit.
    if length > 4 * max_pages:
        raise _too_many(max_pages)
    return (mupdf.pdf_array_get(kids, place) for place in range(length - 1, -1, -1))


def _take_leaf(node: PdfObject, tree: PageTree, max_pages: int) -> None:
    if not _is_page(node):
        tree.sound = False
        return
    if len(tree.pages) >= max_pages:
        raise _too_many(max_pages)
    tree.pages.append(node)


def _is_page(node: PdfObject) -> bool:
    if not _is_dict(node) or mupdf.pdf_to_num(node) == 0:
        return False
    kind = mupdf.pdf_to_name(_get(node, "Type"))
    return kind == "Page" or any(not mupdf.pdf_is_null(_get(node, key)) for key in _PAGE_KEYS)


def _unlinked_pages(pdf: Any, max_pages: int) -> Iterator[PdfObject]:
    count = 0
    for number in range(1, mupdf.pdf_xref_len(pdf)):
        try:
            candidate = mupdf.pdf_load_object(pdf, number)
        except PDF_ERRORS as error:
            raise_if_memory(error)
            continue
        if mupdf.pdf_to_name(_get(candidate, "Type")) != "Page":
            continue
        count += 1
        if count > max_pages:
            raise _too_many(max_pages)
        yield mupdf.pdf_new_indirect(pdf, number, 0)


def _mupdf_count(document: pymupdf.Document) -> int:
    try:
        return int(document.page_count)
    except PDF_ERRORS as error:
        raise_if_memory(error)
        return -1


def _keep_inherited(page: PdfObject) -> None:
    for key in _INHERITED:
        if mupdf.pdf_is_null(_get(page, key)):
            value = _from_ancestors(page, key)
            if value is not None:
                mupdf.pdf_dict_puts(page, key, value)


def _from_ancestors(page: PdfObject, key: str) -> PdfObject | None:
    node = page
    for _ in range(MAX_DEPTH):
        node = _get(node, "Parent")
        if not mupdf.pdf_is_dict(node):
            return None
        value = _get(node, key)
        if not mupdf.pdf_is_null(value):
            return value
    return None


def _set_catalog(pdf: Any, top: PdfObject) -> None:
    """Replace the catalog, which may be damaged; keeps the entries that affect rendering."""
    trailer = mupdf.pdf_trailer(pdf)
    old = _get(trailer, "Root")
    catalog = mupdf.pdf_add_object(pdf, mupdf.pdf_new_dict(pdf, 4))
    mupdf.pdf_dict_puts(catalog, "Type", mupdf.pdf_new_name("Catalog"))
    mupdf.pdf_dict_puts(catalog, "Pages", top)
    for key in _KEPT_IN_CATALOG:
        value = _get(old, key)
        if not mupdf.pdf_is_null(value):
            mupdf.pdf_dict_puts(catalog, key, value)
    mupdf.pdf_dict_puts(trailer, "Root", catalog)


def _get(node: PdfObject, key: str) -> PdfObject:
    """``node[key]``; null where one of them can't be read."""
    try:
        value = mupdf.pdf_dict_gets(node, key)
        # Reads the referenced object, which may be garbage.
        mupdf.pdf_resolve_indirect(value)
    except PDF_ERRORS as error:
        raise_if_memory(error)
        return mupdf.pdf_new_null()
    return value


def _is_dict(node: PdfObject) -> bool:
    try:
        return bool(mupdf.pdf_is_dict(node))
    except PDF_ERRORS as error:
        raise_if_memory(error)
        return False


def _too_many(max_pages: int) -> TooManyPages:
    return TooManyPages(
        f"the document has more than {max_pages} pages; split it or raise max_pages"
    )
