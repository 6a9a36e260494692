"""Regular expressions for the parts of CommonMark and HTML that become active in a renderer.

They match too much rather than too little: a construct counts as active where any renderer would
treat it as active.
"""

import re

#: Text that may precede a block on its line: indentation, quotes and list markers.
PREFIX = r"[ \t>*+.):\-0-9]*+"
#: Elements that OCR writes for tables and for text that Markdown has no marks for.
ALLOWED_TAGS = frozenset(
    {"table", "thead", "tbody", "tr", "td", "th", "caption", "br", "sup", "sub", "b", "i", "center"}
)
VOID_TAGS = frozenset({"br"})
#: Elements with which CommonMark begins raw HTML within a paragraph.
BLOCK_TAGS = ALLOWED_TAGS - {"br", "sup", "sub", "b", "i"}
_NAMES = "|".join(sorted(ALLOWED_TAGS))

#: A tag on one line without backticks, which could open code within an attribute.
ALLOWED_TAG = (
    rf"<(?P<close>/?)(?P<name>(?i:{_NAMES}))(?P<attributes>(?:[ \t][^<>`\n]*?)?)(?P<slash>/?)>"
)
CLEAN_ATTRIBUTES = re.compile(
    r"(?:[ \t]+(?i:colspan|rowspan)=(?:\"[0-9]{1,3}\"|'[0-9]{1,3}'|[0-9]{1,3}))*[ \t]*"
)
SPAN_ATTRIBUTE = re.compile(
    r"(?<=[ \t])(?P<name>(?i:colspan|rowspan))[ \t]*=[ \t]*[\"']?(?P<cells>[0-9]{1,3})\b"
)
AUTOLINK = r"<(?:(?i:https?://|mailto:)[^\s<>`]+|[\w.+-]{1,64}@[A-Za-z0-9.-]{1,255})>"

TAG = re.compile(ALLOWED_TAG)
ESCAPED_OPENING = re.compile(r"\\<")
BLOCK_LINE = rf"</?(?i:{'|'.join(sorted(BLOCK_TAGS))})(?:[ \t\n>]|/>)"
#: What begins markup within raw HTML.
HTML_MARKUP = re.compile(rf"(?P<tag>{ALLOWED_TAG})|<(?=[A-Za-z/!?])")
#: What begins markup in a paragraph: HTML or an autolink, and any tag at the start of a line.
PROSE_MARKUP = re.compile(
    rf"(?P<prefix>^{PREFIX}(?=<[A-Za-z/!?]))?(?:(?P<tag>{ALLOWED_TAG})|(?P<autolink>{AUTOLINK})"
    r"|<(?=(?P<certain>[/!?])|[A-Za-z][A-Za-z0-9-]*(?:\s*/?>|\s+[A-Za-z_:])"
    r"|[A-Za-z][A-Za-z0-9+.-]*:|(?(prefix)[A-Za-z]|(?!))))",
    re.MULTILINE,
)
#: A block with such a line may be raw HTML up to the next blank line.
HTML_LINE = re.compile(rf"^{PREFIX}{ALLOWED_TAG}", re.MULTILINE)

#: The end of an inline link with an allowed target: web or mail, without code.
_SAFE_TARGET = (
    r"\([ \t]*(?i:https?://|mailto:)(?:[^\s<>`\\()]|\\[^\s<>`]|\([^\s<>`\\()]*\))*+"
    r"(?:[ \t]+(?:\"[^\"`<>\\\n]*\"|'[^'`<>\\\n]*'))?[ \t]*\)"
)
_FIGURE_LINK = r"!\[(?P<alt>[^\[\]`<>\\\n]*)\]\(figure:(?P<number>[0-9]{1,6})\)"
FIGURE_LINK = re.compile(_FIGURE_LINK)
#: Either a link to a figure, which is kept, or the middle of a link that must be broken.
FIGURE_OR_UNSAFE_LINK = re.compile(rf"(?P<figure>{_FIGURE_LINK})|\](?!{_SAFE_TARGET})\(")
#: The label of a possible link definition or footnote, up to its colon.
_LABEL = r"(?:[^\[\]\\]|\\.)*+\]"
DEFINITION = re.compile(
    rf"^(?P<label>{PREFIX}(?:\[[ xX]\][ \t]+)?\[(?:\^{_LABEL}(?=:)"
    rf"|{_LABEL}(?=:[ \t]*\n?[ \t>]*(?:<[^<>\n]*>|[^ \t\n]+)(?:[ \t]*(?:\n|\Z)|\s+[\"'(])))):",
    re.MULTILINE | re.DOTALL,
)
#: Bare text that some renderers make a link of and that leads neither to the web nor to mail.
BARE_LINK = re.compile(r"(?P<scheme>(?i:ftp)):|(?:(?<=\s)|(?<![^\W_]|[:/=]))//(?=[\w.\[])")
ANCHOR_OPENING = re.compile(r"<!--(?=\s*page\b)", re.IGNORECASE)
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
FENCE_WITH_COLUMNS = re.compile(rf"^{PREFIX}(?:`{{3,}}[^`\n]*|~{{3,}}.*)$", re.MULTILINE)
FENCE_LINE = re.compile(rf"^(?P<prefix>{PREFIX})(?P<mark>`{{3,}}|~{{3,}})", re.MULTILINE)


def has_fence_line(text: str) -> bool:
    """Whether a line of ``text`` begins like a code fence."""
    return ("```" in text or "~~~" in text) and FENCE_LINE.search(text) is not None


#: The line under the heading of a table of GitHub's kind.
TABLE_DELIMITER = re.compile(rf"^{PREFIX}[|:\-][|:\- \t]*$", re.MULTILINE)
