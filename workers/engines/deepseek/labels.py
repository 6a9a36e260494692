"""Maps the model's region labels to block types."""

import re

from shared.domain.records.page_result import BlockType

_TYPES: dict[str, BlockType] = {
    "title": "title",
    "doc_title": "title",
    "sub_title": "sub_title",
    "subtitle": "sub_title",
    "section_title": "sub_title",
    "paragraph_title": "sub_title",
    "text": "text",
    "paragraph": "text",
    "abstract": "text",
    "reference": "text",
    "table": "table",
    "table_caption": "table_caption",
    "table_title": "table_caption",
    "table_footnote": "table_footnote",
    "image": "image",
    "figure": "image",
    "picture": "image",
    "chart": "image",
    "image_caption": "image_caption",
    "figure_caption": "image_caption",
    "chart_caption": "image_caption",
    "image_footnote": "footnote",
    "equation": "equation",
    "formula": "equation",
    "header": "header",
    "page_header": "header",
    "footer": "footer",
    "page_footer": "footer",
    "page_number": "page_number",
    "number": "page_number",
    "list": "list",
    "list_item": "list",
    "code": "code",
    "algorithm": "code",
    "footnote": "footnote",
    "page_footnote": "footnote",
}
LABELS = frozenset(_TYPES)
#: Region types that are not part of the document's text.
FURNITURE: frozenset[BlockType] = frozenset({"header", "footer", "page_number"})
_LOOKS_LIKE_A_LABEL = re.compile(r"[a-z]+(?:[_-][a-z]+)*")


def block_type(label: str) -> BlockType | None:
    """The block type for ``label``; None if the label is unknown."""
    return _TYPES.get(label.strip().casefold().replace("-", "_").replace(" ", "_"))


def looks_like_label(label: str) -> bool:
    """Whether an unknown ``label`` looks like a region label rather than page text."""
    return len(label) <= 32 and _LOOKS_LIKE_A_LABEL.fullmatch(label) is not None
