"""The colour of each kind of block in pictures and PDFs; those of the report are the same."""

from shared.domain.records.page_result import BlockType

COLORS: dict[BlockType, str] = {
    "title": "#b3261e", "sub_title": "#d9480f", "text": "#2563c9",
    "table": "#0f7b6c", "table_caption": "#3f8f7f", "table_footnote": "#3f8f7f",
    "image": "#7b2cbf", "image_caption": "#a05bd6", "equation": "#c2188b",
    "header": "#64748b", "footer": "#64748b", "page_number": "#64748b",
    "list": "#1f7a34", "code": "#8a5a00", "footnote": "#6b7c2d",
}  # fmt: skip

Rgb = tuple[int, int, int]


def color_of(kind: BlockType) -> Rgb:
    """Red, green and blue of a kind, each 0 to 255."""
    text = COLORS[kind].removeprefix("#")
    return int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
