"""A PDF that pagefleet writes has none of the scripts, actions and attachments of its source."""

from collections.abc import Sequence

import pymupdf
import pytest

from shared.rendering.text_layer.active_content import remove_active_content

RECT = "/Rect [9 9 99 99]"


def document_with(annotations: Sequence[str], catalogue: str = "") -> pymupdf.Document:
    """A PDF of one page with ``annotations``, and with more keys in its catalogue."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((50, 50), "words")
    document.xref_set_key(page.xref, "Annots", f"[{' '.join(annotations)}]")
    catalog = document.pdf_catalog()
    text = document.xref_object(catalog, compressed=True).removesuffix(">>")
    document.update_object(catalog, f"{text} {catalogue}>>")
    return document


def cleaned(document: pymupdf.Document) -> tuple[pymupdf.Document, str]:
    """The document after a way through a file, and the text of all its objects."""
    remove_active_content(document)
    saved = pymupdf.open("pdf", document.tobytes(garbage=1))
    objects = (saved.xref_object(xref) for xref in range(1, saved.xref_length()))
    return saved, "\n".join(objects)


@pytest.mark.parametrize(
    "action",
    [
        "/S /JavaScript /JS (app.alert\\(1\\))",
        "/S/Java#53cript/JS <61>",
        "/S /Launch /F (/bin/sh)",
        "/S /GoToR /F (http://e.com/x.pdf)",
        "/S /SubmitForm /F (http://e.com)",
        "/S /URI /URI (javascript:alert\\(1\\))",
        "/S /URI /URI (file:///etc/passwd)",
        "/S /URI /URI <66696c653a2f2f2f657463>",
        "/S /Thread /F (http://e.com/x.pdf) /D 0",
    ],
)
def test_an_action_of_a_link_does_nothing(action: str) -> None:
    _, objects = cleaned(document_with([f"<</Subtype /Link {RECT} /A <<{action}>>>>"]))

    forbidden = ("JavaScript", "Launch", "GoToR", "SubmitForm", "(javascript", "(file", "<6669")
    for word in (*forbidden, "Thread"):
        assert word not in objects
    assert "/Link" in objects


@pytest.mark.parametrize("key", ["RC", "RV"])
@pytest.mark.parametrize("is_object", [False, True])
def test_rich_text_of_a_note_has_no_links(key: str, is_object: bool) -> None:
    rich = '(<body><p><a href="file:///etc/passwd">x</a></p></body>)'
    document = document_with([])
    if is_object:
        document.update_object(xref := document.get_new_xref(), rich)
        rich = f"{xref} 0 R"
    note = f"<</Subtype /Text {RECT} /{key} {rich} /Contents (plain)>>"
    document.xref_set_key(document[0].xref, "Annots", f"[{note}]")

    _, objects = cleaned(document)

    assert "passwd" not in objects
    assert "(plain)" in objects


def test_scripts_and_actions_of_the_document_and_its_files_are_gone() -> None:
    names = "/Names <</JavaScript <</Names [(a) <</S /JavaScript /JS (1)>>]>> /EmbeddedFiles <<>>>>"
    document = document_with(
        [f"<</Subtype /FileAttachment {RECT} /FS <</F (evil.sh)>>>>"],
        f"{names} /OpenAction <</S /Launch /F (calc)>> /AA <</WC <</S /JavaScript /JS (2)>>>>",
    )
    document.embfile_add("evil.sh", b"#!/bin/sh")

    saved, objects = cleaned(document)

    assert saved.embfile_count() == 0
    for word in ("/S/JavaScript", "/S /JavaScript", "Launch", "FileAttachment", "#!/bin/sh"):
        assert word not in objects


def test_an_action_that_names_its_kind_elsewhere_is_found() -> None:
    document = document_with([])
    kind = document.get_new_xref()
    document.update_object(kind, "/JavaScript")
    page = document[0].xref
    link = f"<</Subtype /Link {RECT} /A <</S {kind} 0 R /JS (1)>>>>"
    document.xref_set_key(page, "Annots", f"[{link}]")

    _, objects = cleaned(document)

    assert "JavaScript" not in objects


@pytest.mark.parametrize(
    "address", ["(javascript:alert\\(1\\))", "(file:///etc/passwd)", "<6a61>", "[]"]
)
def test_an_address_in_an_object_of_its_own_is_found(address: str) -> None:
    _, objects = cleaned(_linked_to(address))

    for word in ("javascript", "file:", "<6a61>"):
        assert word not in objects


def test_a_web_address_in_an_object_of_its_own_stays() -> None:
    assert "https://e.com" in cleaned(_linked_to("(https://e.com)"))[1]


def _linked_to(address: str) -> pymupdf.Document:
    """A page with a link whose address is an object of its own."""
    document = document_with([])
    target = document.get_new_xref()
    document.update_object(target, address)
    link = f"<</Subtype /Link {RECT} /A <</S /URI /URI {target} 0 R>>>>"
    document.xref_set_key(document[0].xref, "Annots", f"[{link}]")
    return document


@pytest.mark.parametrize(
    ("place", "dictionary"),
    [
        ("/Annots [<</Subtype /Link /Rect [9 9 99 99] /A {} 0 R>>]", "/S /JavaScript /JS (1)"),
        ("/Annots [{} 0 R]", "/Subtype /Link /Rect [9 9 99 99] /A <</S /Launch /F (calc)>>"),
        ("/Resources <</XObject <</X {} 0 R>>>>", "/F <</FS /URL /F (http://e.com)>>"),
    ],
)
def test_an_action_in_the_dictionary_of_a_stream_is_found(place: str, dictionary: str) -> None:
    document = document_with([])
    stream = document.get_new_xref()
    document.update_object(stream, f"<<{dictionary}>>")
    document.update_stream(stream, b"bytes", new=True)
    key, value = place.format(stream).split(" ", 1)
    document.xref_set_key(document[0].xref, key[1:], value)

    _, objects = cleaned(document)

    for word in ("JavaScript", "Launch", "e.com"):
        assert word not in objects


@pytest.mark.parametrize(
    "place", ["/AF [{}]", "/Annots [<</Subtype /Text {rect} /FS {}>>]", "/X {}"]
)
@pytest.mark.parametrize("inline", [True, False])
def test_an_attachment_is_removed_wherever_it_is_described(place: str, inline: bool) -> None:
    document = document_with([])
    payload, files = document.get_new_xref(), document.get_new_xref()
    document.update_object(payload, "<</Type /EmbeddedFile>>")
    document.update_stream(payload, b"#!/bin/sh", new=True, compress=False)
    document.update_object(files, f"<</F {payload} 0 R>>")
    bytes_of = f"<</F {payload} 0 R>>" if inline else f"{files} 0 R"
    described = f"<</Type /Filespec /F (evil.sh) /EF {bytes_of}>>"
    key, value = place.format(described, rect=RECT).split(" ", 1)
    document.xref_set_key(document[0].xref, key[1:], value)

    remove_active_content(document)

    assert b"#!/bin/sh" not in document.tobytes(garbage=1)


@pytest.mark.parametrize("key", ["F", "Ref", "OPI"])
def test_no_content_is_taken_from_another_file(key: str) -> None:
    document = document_with([])
    form = document.get_new_xref()
    document.update_object(form, f"<</Subtype/Form/BBox[0 0 9 9]/{key}<</F(//elsewhere/x.pdf)>>>>")
    document.update_stream(form, b"q Q", new=True)
    document.xref_set_key(document[0].xref, "Resources", f"<</XObject <</X {form} 0 R>>>>")

    _, objects = cleaned(document)

    assert "/Form" in objects
    assert "elsewhere" not in objects


def test_links_fields_and_texts_stay() -> None:
    link = f"<</Subtype /Link {RECT} /A <</S /URI /URI (https://e.com/\\(x\\))>>>>"
    inner = f"<</Subtype /Link {RECT} /Dest [0 /Fit]>>"
    note = f"<</Subtype /Text {RECT} /Contents (see /S /JavaScript \\(1\\))>>"
    field = f"<</Subtype /Widget {RECT} /FT /Tx /T (name) /V (value)>>"

    saved, objects = cleaned(document_with([link, inner, note, field]))

    assert "https://e.com/\\(x\\)" in objects
    assert "(see /S /JavaScript \\(1\\))" in objects
    assert "(value)" in objects
    assert "value" in saved[0].get_text()
