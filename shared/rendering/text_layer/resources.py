"""Changes the resources and the content of a PDF page without touching what it shows."""

from shared.rendering.lean_pymupdf import pymupdf

#: Fonts of the text layer have this name in the resources of pages, or one with more letters.
FONT = "PfText"


def add_font(page: "pymupdf.Page", xref: int) -> str:
    """Add the font object ``xref`` to the page's resources; returns its name there.

    Resources may be inherited or shared by pages: then they get the font once.
    """
    fonts = _dictionary(_resources(page), "Font")
    document = pymupdf.mupdf.pdf_document_from_fz_document(page.parent.this)
    name = FONT
    while (known := fonts.pdf_dict_gets(name)).m_internal:
        if known.pdf_to_num() == xref:
            return name
        name += "x"
    fonts.pdf_dict_puts(name, document.pdf_new_indirect(xref, 0))
    return name


def prepend(page: "pymupdf.Page", content: bytes) -> None:
    """Put ``content`` before the page's own content, whose graphics state it can't meet."""
    document = page.parent
    xref = document.get_new_xref()
    document.update_object(xref, "<<>>")
    document.update_stream(xref, content, compress=True)
    streams = [xref, *page.get_contents()]
    references = " ".join(f"{each} 0 R" for each in streams)
    document.xref_set_key(page.xref, "Contents", f"[{references}]")


def _resources(page: "pymupdf.Page") -> "pymupdf.mupdf.PdfObj":
    own = pymupdf.mupdf.pdf_page_from_fz_page(page.this).obj()
    found = own.pdf_dict_get_inheritable(pymupdf.PDF_NAME("Resources"))
    if found.pdf_is_dict():
        return found
    return own.pdf_dict_put_dict(pymupdf.PDF_NAME("Resources"), 4)


def _dictionary(parent: "pymupdf.mupdf.PdfObj", key: str) -> "pymupdf.mupdf.PdfObj":
    found = parent.pdf_dict_gets(key)
    if found.pdf_is_dict():
        return found
    return parent.pdf_dict_put_dict(pymupdf.PDF_NAME(key), 4)
