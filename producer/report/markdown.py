"""Renders a page's Markdown as sanitized HTML; runs in helper processes: the text is untrusted."""

import re
from collections.abc import Mapping, Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

#: Allowed elements; others are removed, scripts and styles together with their text.
_BLOCKS = frozenset(
    ("h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "ul", "ol", "li", "pre", "hr", "br")
)
_INLINE = frozenset(
    ("a", "img", "code", "em", "strong", "b", "i", "s", "del", "sup", "sub", "center", "span")
)
_TABLE = frozenset(("table", "thead", "tbody", "tr", "td", "th", "caption"))
TAGS = _BLOCKS | _INLINE | _TABLE
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
    "span": {"class"},
}
SCHEMES = frozenset(("http", "https", "mailto"))
MATH_CLASS = "math"
_FORMULA = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)


def to_htmls(texts: Sequence[str], figures: Mapping[str, str]) -> list[str]:
    """The HTML of each of the parts of a page."""
    return [to_html(text, figures) for text in texts]


def to_html(markdown: str, figures: Mapping[str, str]) -> str:
    """``markdown`` as HTML without scripts, styles or external images.

    ``figures`` maps the links of the job's figures to the addresses of their images; every other
    image loses its source.
    """

    def allowed_value(tag: str, name: str, value: str) -> str | None:
        if (tag, name) == ("img", "src"):
            return figures.get(value)
        if (tag, name) == ("span", "class"):
            return value if value == MATH_CLASS else None
        return value

    return nh3.clean(
        _renderer().render(markdown),
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        attribute_filter=allowed_value,
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )


def _renderer() -> MarkdownIt:
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    markdown.inline.ruler.before("escape", "formula", _formula)
    return markdown


def _formula(state: StateInline, silent: bool) -> bool:
    r"""Puts ``\( … \)`` and ``\[ … \]`` unchanged into a span."""
    match = _FORMULA.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        state.push("html_inline", "", 0).content = f'<span class="{MATH_CLASS}">'
        state.push("text", "", 0).content = match.group()
        state.push("html_inline", "", 0).content = "</span>"
    state.pos = match.end()
    return True
