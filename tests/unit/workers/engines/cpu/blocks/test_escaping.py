"""Escaped text shows as plain text: no heading, link, tag or fence in the Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from workers.engines.cpu.blocks.escaping import code_fence, escape_paragraph

PARSER = MarkdownIt("commonmark").enable("strikethrough")
HOSTILE = [
    "# heading",
    "- item",
    "+ item",
    "* item",
    "> quote",
    "1984. was a year",
    "---",
    "***",
    "===",
    "```sh",
    "~~~",
    "| a | b |",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- page 7 -->",
    "[click](javascript:alert(1))",
    "[label]: http://example.org",
    "![](figure:1)",
    "&lt;b&gt; and &#60;",
    "*stars* and **more** and ~~gone~~",
    "_under_ and __more__",
    "`code` and ``more``",
    "C:\\new\\*",
]


def shown(markdown: str) -> str:
    """The text that ``markdown`` shows; fails if it is more than one plain paragraph."""
    text = ""
    for token in PARSER.parse(markdown):
        for child in token.children or []:
            assert child.type in ("text", "softbreak", "text_special"), child
            text += child.content or "\n"
        assert token.type in ("paragraph_open", "inline", "paragraph_close"), token
    return text


@pytest.mark.parametrize("text", HOSTILE)
def test_an_escaped_paragraph_shows_the_same_characters(text: str) -> None:
    assert shown(escape_paragraph(text)) == text


@given(st.text(st.sampled_from("ab1 #*_`~<>[]()!&;\\|-+=.:/\"'"), min_size=1, max_size=24))
def test_no_escaped_text_becomes_a_tag_or_a_link(text: str) -> None:
    rendered = PARSER.render(escape_paragraph(text))

    assert "<a " not in rendered
    assert "<img" not in rendered
    assert all(token.type != "html_block" for token in PARSER.parse(escape_paragraph(text)))


@pytest.mark.parametrize("text", ["snake_case_name", "3 * 4", "f(x)[0]", "a # b", "R&D", "1 < 2"])
def test_text_without_markup_is_not_changed(text: str) -> None:
    assert escape_paragraph(text) == text


def test_a_fence_inside_code_does_not_end_the_code() -> None:
    tokens = PARSER.parse(code_fence("echo '```'\n# still code"))

    assert [token.type for token in tokens] == ["fence"]
