"""Renders Markdown as HTML without scripts, styles or external images.

The safety rules have made the Markdown harmless already; the sanitizer is the second line.
"""

from collections.abc import Callable, Mapping

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from shared.document.exports.web.formula_marks import formula_at

#: Allowed elements; others are removed, scripts and styles together with their text.
_BLOCKS = frozenset(
    ("h1", "h2", "h3", "h4", "h5", "h6", "p", "blockquote", "ul", "ol", "li", "pre", "hr", "br")
)
_INLINE = frozenset(
    ("a", "img", "code", "em", "strong", "b", "i", "s", "del", "sup", "sub", "center", "span")
)
_TABLE = frozenset(("table", "thead", "tbody", "tr", "td", "th", "caption"))
TAGS = _BLOCKS | _INLINE | _TABLE
ATTRIBUTES: Mapping[str, frozenset[str]] = {
    "a": frozenset(("href", "title")),
    "img": frozenset(("src", "alt")),
    "td": frozenset(("colspan", "rowspan")),
    "th": frozenset(("colspan", "rowspan")),
    "ol": frozenset(("start",)),
    "span": frozenset(("class",)),
}
SCHEMES = frozenset(("http", "https", "mailto"))
MATH_CLASS = "math"
#: Gets element, attribute and value; returns the value to write, or None to leave it out.
AttributeFilter = Callable[[str, str, str], str | None]


def renderer() -> MarkdownIt:
    """CommonMark with GitHub's tables, strikethrough and formulas between backslashes."""
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    markdown.inline.ruler.before("escape", "formula", _formula)
    return markdown


def cleaned(
    html: str,
    allowed_value: AttributeFilter,
    more_attributes: Mapping[str, frozenset[str]] | None = None,
    more_tags: frozenset[str] = frozenset(),
) -> str:
    """``html`` with the allowed elements, attributes and targets of links only."""
    extra = more_attributes or {}
    names = ATTRIBUTES.keys() | extra.keys()
    return nh3.clean(
        html,
        tags=set(TAGS | more_tags),
        attributes={
            name: set(ATTRIBUTES.get(name, frozenset()) | extra.get(name, frozenset()))
            for name in names
        },
        attribute_filter=allowed_value,
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer nofollow",
    )


def _formula(state: StateInline, silent: bool) -> bool:
    r"""Puts ``\( … \)`` and ``\[ … \]`` unchanged into a span."""
    formula = formula_at(state)
    if formula is None:
        return False
    if not silent:
        state.push("html_inline", "", 0).content = f'<span class="{MATH_CLASS}">'
        state.push("text", "", 0).content = formula
        state.push("html_inline", "", 0).content = "</span>"
    state.pos += len(formula)
    return True
