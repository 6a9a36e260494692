"""A glyph that a PDF maps to several letters is read as all of them."""

import pymupdf
import pytest

from workers.engines.cpu.text_layer.raw_lines import raw_lines

_CMAP = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CMapName /Glyphs def /CMapType 2 def
1 begincodespacerange <00> <ff> endcodespacerange
1 beginbfchar <57> <{letters}> endbfchar
1 beginbfrange <20> <56> <0020> endbfrange
1 beginbfrange <58> <7e> <0058> endbfrange
endcmap end end"""


def page_with_glyph(letters: str) -> pymupdf.Document:
    """A page with the word "Wles" whose first glyph means ``letters``."""
    document = pymupdf.open()
    page = document.new_page(width=300, height=100)
    page.insert_text((20, 50), "two Wles here", fontsize=12, fontname="helv")
    font, cmap = page.get_fonts()[0][0], document.get_new_xref()
    document.update_object(cmap, "<<>>")
    mapped = "".join(f"{ord(letter):04x}" for letter in letters)
    document.update_stream(cmap, _CMAP.replace("{letters}", mapped).encode())
    document.xref_set_key(font, "ToUnicode", f"{cmap} 0 R")
    return pymupdf.open(stream=document.tobytes())


@pytest.mark.parametrize(
    ("letters", "glyph"),
    [
        ("fi", "fi"),
        ("Th", "Th"),
        # Letters without width that are no ligature may be hidden ones.
        ("xy", "x"),
    ],
)
def test_the_letters_of_a_ligature_are_one_text(letters: str, glyph: str) -> None:
    document = page_with_glyph(letters)

    (line,) = raw_lines(document[0])
    texts = [character.text for span in line.spans for character in span.characters]

    assert glyph in texts
    assert "".join(texts) == f"two {letters}les here"


@pytest.mark.parametrize(("letters", "glyph"), [("fi", "fi"), ("ffi", "ffi"), ("xy", "x")])
def test_an_underlined_ligature_is_one_text(letters: str, glyph: str) -> None:
    document = page_with_glyph(letters)
    page = document[0]
    page.draw_line((18, 51.5), (90, 51.5), width=0.5)

    (line,) = raw_lines(pymupdf.open(stream=document.tobytes())[0])

    assert len(line.spans) > 1
    assert glyph in [character.text for span in line.spans for character in span.characters]
    text = "".join(character.text for span in line.spans for character in span.characters)
    assert text == f"two {letters}les here"
