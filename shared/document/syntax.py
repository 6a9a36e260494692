"""The parts of CommonMark and HTML that decide what a renderer would bring to life.

Everything here errs on the side of "alive": a construct that only some renderer would see
counts as one.
"""

import re

#: What may stand before a block on its line: indentation, quotes and list markers.
PREFIX = r"[ \t>*+.):\-0-9]*+"
#: Elements that OCR writes for tables and for what Markdown has no marks for.
ALLOWED_TAGS = frozenset(
    {"table", "thead", "tbody", "tr", "td", "th", "caption", "br", "sup", "sub", "b", "i", "center"}
)
VOID_TAGS = frozenset({"br"})
#: Those at which CommonMark begins raw HTML in the middle of a paragraph.
BLOCK_TAGS = ALLOWED_TAGS - {"br", "sup", "sub", "b", "i"}
_NAMES = "|".join(sorted(ALLOWED_TAGS))

#: A tag on one line without a backtick, which could otherwise open code inside an attribute.
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
#: In raw HTML a browser begins markup at any of these.
HTML_MARKUP = re.compile(rf"(?P<tag>{ALLOWED_TAG})|<(?=[A-Za-z/!?])")
#: In a paragraph only what CommonMark calls HTML or an autolink, and any at a line's start.
PROSE_MARKUP = re.compile(
    rf"(?P<prefix>^{PREFIX}(?=<[A-Za-z/!?]))?(?:(?P<tag>{ALLOWED_TAG})|(?P<autolink>{AUTOLINK})"
    r"|<(?=(?P<certain>[/!?])|[A-Za-z][A-Za-z0-9-]*(?:\s*/?>|\s+[A-Za-z_:])"
    r"|[A-Za-z][A-Za-z0-9+.-]*:|(?(prefix)[A-Za-z]|(?!))))",
    re.MULTILINE,
)
#: A block with such a line is, or may be, raw HTML up to the next blank line.
HTML_LINE = re.compile(rf"^{PREFIX}{ALLOWED_TAG}", re.MULTILINE)

#: The rest of an inline link whose target may stay: web or mail, no code inside.
_SAFE_TARGET = (
    r"\([ \t]*(?i:https?://|mailto:)(?:[^\s<>`\\()]|\\[^\s<>`]|\([^\s<>`\\()]*\))*+"
    r"(?:[ \t]+(?:\"[^\"`<>\\\n]*\"|'[^'`<>\\\n]*'))?[ \t]*\)"
)
_FIGURE_LINK = r"!\[(?P<alt>[^\[\]`<>\\\n]*)\]\(figure:(?P<number>[0-9]{1,6})\)"
FIGURE_LINK = re.compile(_FIGURE_LINK)
#: Either a figure of ours, which stays, or the middle of a link that must not live.
FIGURE_OR_UNSAFE_LINK = re.compile(rf"(?P<figure>{_FIGURE_LINK})|\](?!{_SAFE_TARGET})\(")
#: The label of what may be a link definition or a footnote, up to its colon.
_LABEL = r"(?:[^\[\]\\]|\\.)*+\]"
DEFINITION = re.compile(
    rf"^(?P<label>{PREFIX}(?:\[[ xX]\][ \t]+)?\[(?:\^{_LABEL}(?=:)"
    rf"|{_LABEL}(?=:[ \t]*\n?[ \t>]*(?:<[^<>\n]*>|[^ \t\n]+)(?:[ \t]*(?:\n|\Z)|\s+[\"'(])))):",
    re.MULTILINE | re.DOTALL,
)
#: What some renderers make a link of by itself, though it leads neither to the web nor to mail.
BARE_LINK = re.compile(r"(?P<scheme>(?i:ftp)):|(?:(?<=\s)|(?<![^\W_]|[:/=]))//(?=[\w.\[])")
ANCHOR_OPENING = re.compile(r"<!--(?=\s*page\b)", re.IGNORECASE)
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
FENCE_WITH_COLUMNS = re.compile(rf"^{PREFIX}(?:`{{3,}}[^`\n]*|~{{3,}}.*)$", re.MULTILINE)
FENCE_LINE = re.compile(rf"^{PREFIX}(?:`{{3}}|~{{3}})", re.MULTILINE)
