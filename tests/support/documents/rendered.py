"""A Markdown document in three renderers, parsed as a browser parses it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser, LexborNode

_COMMONMARK = MarkdownIt("commonmark")
_GFM_LIKE = MarkdownIt("gfm-like")
_EXTENSIONS = ["table", "autolink", "strikethrough", "tasklist"]

_BLOCKS = "html head body p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre hr br"
_INLINE = "a img code em strong del s sup sub b i center input"
_TABLES = "table thead tbody tfoot colgroup tr td th caption"
#: Elements that Markdown renders to, and the HTML that pages may contain.
HARMLESS_TAGS = frozenset(f"{_BLOCKS} {_INLINE} {_TABLES}".split())
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "td": {"colspan", "rowspan", "style", "align"},
    "th": {"colspan", "rowspan", "style", "align"},
    "ol": {"start"},
    "code": {"class"},
    "pre": {"lang"},
    "input": {"type", "disabled", "checked"},
}
_ALIGNMENTS = frozenset(f"text-align:{side}" for side in ("left", "center", "right"))
_BARE_MAIL = re.compile(r"[\w.+-]*(?:xmpp|mailto):[\w.+-]*@[\w.-]+(?:/.*)?", re.IGNORECASE)
_SCHEMES = ("http://", "https://", "mailto:")


@dataclass(frozen=True)
class Rendered:
    """The HTML of one renderer and its parsed tree."""

    renderer: str
    html: str
    tree: LexborHTMLParser

    def nodes(self) -> Iterator[LexborNode]:
        """Every element, text and comment."""
        assert self.tree.root is not None
        yield from self.tree.root.traverse(include_text=True, skip_empty=False)

    def text(self) -> str:
        """The visible text."""
        return self.tree.body.text() if self.tree.body is not None else ""

    def place_of(self, words: str) -> list[str]:
        """The elements around the text ``words``, outermost first."""
        for node in self.nodes():
            if node.tag == "-text" and words in (node.text_content or ""):
                return [str(parent.tag) for parent in _ancestors(node)][::-1]
        raise AssertionError(f"{words!r} is not in the text of {self.html!r} ({self.renderer})")

    def dangers(self) -> list[str]:
        """Elements, attributes and links that a page must not be able to produce."""
        return [problem for node in self.nodes() for problem in _dangers(node)]


def _is_allowed_link(target: str) -> bool:
    # GitHub's parser links every bare x@y with the text before it; no escape prevents that.
    allowed = target.lower().startswith(_SCHEMES) or target.startswith("figures/")
    return allowed or _BARE_MAIL.fullmatch(target) is not None


def _ancestors(node: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    while parent is not None and parent.tag != "-document":
        yield parent
        parent = parent.parent


def _dangers(node: LexborNode) -> Iterator[str]:
    if node.tag in ("-text", "-comment", "_comment", "!--"):
        return
    if node.tag not in HARMLESS_TAGS:
        yield f"element {node.tag}"
    for name, value in node.attributes.items():
        if name not in _ATTRIBUTES.get(str(node.tag), ()):
            yield f"attribute {node.tag}.{name}={value!r}"
        elif name == "style" and value not in _ALIGNMENTS:
            yield f"style {value!r}"
        elif name == "href" and not _is_allowed_link(str(value)):
            yield f"link {value!r}"
        elif name == "src" and not str(value).startswith(("figures/", "http://", "https://")):
            yield f"image {value!r}"


def renderings(markdown: str) -> Iterator[Rendered]:
    """The document in markdown-it (CommonMark and GitHub rules) and in GitHub's parser."""
    options = Options.CMARK_OPT_UNSAFE
    github = cmarkgfm.markdown_to_html_with_extensions(
        markdown, options=options, extensions=_EXTENSIONS
    )
    rendered = {
        "commonmark": _COMMONMARK.render(markdown),
        "gfm-like": _GFM_LIKE.render(markdown),
        "cmark-gfm": github,
    }
    for name, html in rendered.items():
        yield Rendered(name, html, LexborHTMLParser(html))
