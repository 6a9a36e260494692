"""Emphasised words show in every Markdown reader as the page shows them."""

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.engines.cpu_lines import styled
from workers.engines.cpu.blocks.escaping import escape_inline
from workers.engines.cpu.marks.marking import marked

PARSER = MarkdownIt("commonmark").enable("strikethrough")
BOLD, ITALIC, CODE, STRUCK = (
    {"bold": True},
    {"italic": True},
    {"monospaced": True},
    {"struck": True},
)
NAMES = {"strong": "bold", "em": "italic", "code": "monospaced", "s": "struck"}
Run = tuple[str, dict[str, Any]]


def written(runs: Sequence[Run]) -> str:
    return escape_inline(marked(styled(*runs)))


class Shown(HTMLParser):
    """The letters of rendered Markdown, each with its styles."""

    def __init__(self, markdown: str) -> None:
        super().__init__(convert_charrefs=True)
        self.letters: list[tuple[str, frozenset[str]]] = []
        self._open: list[str] = []
        self.feed(PARSER.renderInline(markdown))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        styles = frozenset(NAMES.get(tag, tag) for tag in self._open)
        self.letters += [(letter, styles) for letter in data]

    @property
    def text(self) -> str:
        return "".join(letter for letter, _ in self.letters)


@pytest.mark.parametrize(
    ("runs", "markdown"),
    [
        ([("see ", {}), ("\\hyperpage", BOLD | CODE)], "see **`\\hyperpage`**"),
        ([("use \\", {}), ("foo", ITALIC)], "use \\\\*foo*"),
        ([("syntax (p. 60)", BOLD), (" and", {})], "**syntax (p. 60)** and"),
        ([("Format: “", {}), ("3.0 (quilt)", BOLD), ("”", {})], "Format: “**3.0 (quilt)**”"),
        ([("<thus>", ITALIC | CODE)], "*`<thus>`*"),
        ([("/etc/X11", ITALIC), (" is", {})], "*/etc/X11* is"),
        ([("(NMU)", ITALIC)], "*(NMU)*"),
        ([("−c", BOLD), (" string", ITALIC)], "**−c** *string*"),
        ([("a ", {}), ("&&", BOLD), (" b", {})], "a **&&** b"),
        ([("-d", CODE), (" or ", {}), (".", CODE)], "`-d` or `.`"),
        ([("Let ", {}), ("n", BOLD), (" = 1", {})], "Let **n** = 1"),
        ([("a`b", CODE), (" and ", {}), ("``", CODE)], "``a`b`` and ``` `` ```"),
        ([("sub", {}), ("(x)", BOLD), ("script", {})], "sub(**x**)script"),
        ([("x", {}), ("foo", BOLD | CODE), ("s", {})], "x`foo`s"),
        ([("bold", BOLD), ("both", BOLD | ITALIC), (" plain", {})], "**boldboth** plain"),
        ([("one two", STRUCK), (" three", STRUCK | BOLD), (" four", BOLD)],
         "~~one two **three**~~ **four**"),
        ([("bold ", BOLD), ("both", BOLD | ITALIC), (" bold", BOLD)], "**bold *both* bold**"),
        ([("one", BOLD), ("two", ITALIC)], "**one***two*"),
        ([("5*", {}), ("three", ITALIC)], "5\\**three*"),
        ([("Note:", BOLD), (" read", {})], "**Note:** read"),
        ([("say ", {}), ('"', CODE), ("as is", {}), ('"', CODE)], 'say "as is"'),
        ([("~~~", {}), ("~~~", BOLD)], "\\~\\~\\~**\\~\\~\\~**"),
        ([("old", STRUCK | BOLD), ("er", {})], "~~old~~er"),
        ([("= ", ITALIC), ("•", BOLD), (",", BOLD), ("10", {}), ("1", BOLD | {"shift": 1})],
         "= •,10¹"),
    ],
)  # fmt: skip
def test_emphasis_has_the_edges_that_markdown_allows(runs: list[Run], markdown: str) -> None:
    assert written(runs) == markdown
    assert Shown(markdown).text == "".join(text for text, _ in runs).replace("101", "10¹")


STYLES = st.fixed_dictionaries(
    {}, optional={name: st.just(True) for name in ("bold", "italic", "monospaced", "struck")}
)
RUNS = st.lists(
    st.tuples(
        st.text(st.sampled_from("ab1 ().,*_`~<&\\[]!|-é×“中€"), min_size=1, max_size=5), STYLES
    ),
    min_size=1,
    max_size=6,
)


@given(RUNS)
@settings(max_examples=300, deadline=None)
def test_all_letters_show_and_none_has_a_style_of_its_own(runs: list[Run]) -> None:
    source = [own for own in styled(*runs) if own.text.strip()]

    shown = [own for own in Shown(written(runs)).letters if own[0].strip()]

    assert "".join(letter for letter, _ in shown) == "".join(own.text for own in source)
    for (letter, styles), character in zip(shown, source, strict=True):
        assert all(getattr(character, style) for style in styles), (letter, styles)


@given(RUNS)
@settings(deadline=None)
def test_words_between_spaces_have_their_styles(runs: list[Run]) -> None:
    words = [(f"x{text}x".replace(" ", ""), style) for text, style in runs]
    spaced = [run for word in words for run in (word, (" ", {}))]

    shown = [own for own in Shown(written(spaced)).letters if own[0].strip()]

    assert [letter for letter, _ in shown] == [letter for text, _ in words for letter in text]
    # Where strike and emphasis meet, the strike stays and the emphasis may go.
    styles = [frozenset(style) for text, style in words for _ in text]
    if not any("struck" in style for style in styles):
        assert [style for _, style in shown] == styles
