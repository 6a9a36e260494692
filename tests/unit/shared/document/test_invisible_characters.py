"""Controls and marks of direction never reach the merged document or a streamed page."""

import pytest

from shared.document.control_characters import strip_control
from tests.support.documents.merged import body
from tests.support.documents.rendered import renderings

C1 = [chr(number) for number in range(0x80, 0xA0)]
DIRECTION = [
    chr(n) for n in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
]
UNSAFE = [*C1, *DIRECTION, "\x7f", "\x1b", "\x07"]


@pytest.mark.parametrize("char", UNSAFE, ids=lambda char: f"U+{ord(char):04X}")
def test_an_unsafe_character_is_removed_from_text_and_code(char: str) -> None:
    document = body(f"a{char}b\n\n```\nc{char}d\n```\n\n`e{char}f`")

    assert char not in document
    assert char not in strip_control(f"a{char}b")


@pytest.mark.parametrize("char", UNSAFE, ids=lambda char: f"U+{ord(char):04X}")
@pytest.mark.parametrize("form", ["&#{};", "&#00{};", "&#x{:x};", "&#X0{:X};"])
def test_an_entity_of_an_unsafe_character_stays_visible(char: str, form: str) -> None:
    document = body(f"a{form.format(ord(char))}b")

    for rendered in renderings(document):
        assert form.format(ord(char)) in rendered.text(), rendered.renderer


@pytest.mark.parametrize("form", ["&#x202e", "&#00000000008238;", "&#x000000202e;", "`&#x202e;`"])
def test_an_entity_that_only_a_browser_decodes_stays_visible_in_a_table(form: str) -> None:
    document = body(f"<table><tr><td>a{form} b</td></tr></table>")

    for rendered in renderings(document):
        assert f"a{form} b" in rendered.text(), rendered.renderer


@pytest.mark.parametrize("name", ["&lrm;", "&rlm;"])
def test_a_named_mark_of_direction_stays_visible(name: str) -> None:
    for rendered in renderings(body(f"a{name}b")):
        assert f"a{name}b" in rendered.text(), rendered.renderer


def test_entities_of_letters_and_code_stay_as_they_are() -> None:
    text = "&#252; &uuml; &#x5d0; &amp; `&#x202e;` &#99999999; &#1114112;"

    assert body(text) == text


def test_right_to_left_text_keeps_its_letters() -> None:
    assert body("\u202bשלום עולם\u202c\n\n\u2067مرحبا\u2069 42") == "שלום עולם\n\nمرحبا 42"


def test_a_next_line_control_ends_a_line() -> None:
    assert body("a\x85b") == "a\nb"
    assert strip_control("a\x85b") == "a\nb"
