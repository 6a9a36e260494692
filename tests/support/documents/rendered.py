"""What readers make of a Markdown document: three renderers, seen through a browser's parser."""

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
#: What Markdown itself renders to, and the table markup and marks that pages may hold.
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
    """A document as one renderer and then a browser sees it."""

    renderer: str
    html: str
    tree: LexborHTMLParser

    def nodes(self) -> Iterator[LexborNode]:
        """Every element, text and comment."""
        assert self.tree.root is not None
        yield from self.tree.root.traverse(include_text=True, skip_empty=False)

    def text(self) -> str:
        """What a person reads."""
        return self.tree.body.text() if self.tree.body is not None else ""

    def place_of(self, words: str) -> list[str]:
        """The elements around the text that holds ``words``, from the outside."""
        for node in self.nodes():
            if node.tag == "-text" and words in (node.text_content or ""):
                return [parent.tag for parent in _ancestors(node)][::-1]
        raise AssertionError(f"{words!r} is not to be read in {self.html!r} ({self.renderer})")

    def dangers(self) -> list[str]:
        """Elements, attributes and links that a page must not be able to make."""
        return [problem for node in self.nodes() for problem in _dangers(node)]


def _leads_out(target: str) -> bool:
    # GitHub's parser links every bare x@y with what stands before it; no escape prevents that.
    known = target.lower().startswith(_SCHEMES) or target.startswith("figures/")
    return known or _BARE_MAIL.fullmatch(target) is not None


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
        elif name == "href" and not _leads_out(str(value)):
            yield f"link {value!r}"
        elif name == "src" and not str(value).startswith(("figures/", "http://", "https://")):
            yield f"image {value!r}"


def renderings(markdown: str) -> Iterator[Rendered]:
    """The document through markdown-it as CommonMark and like GitHub, and GitHub's own parser."""
    options = Options.CMARK_OPT_UNSAFE
    github = cmarkgfm.markdown_to_html_with_extensions(
        markdown, options=options, extensions=_EXTENSIONS
    )
    made = {
        "commonmark": _COMMONMARK.render(markdown),
        "gfm-like": _GFM_LIKE.render(markdown),
        "cmark-gfm": github,
    }
    for name, html in made.items():
        yield Rendered(name, html, LexborHTMLParser(html))
