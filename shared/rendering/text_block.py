"""One block of a text layer; separate, because its reader imports MuPDF."""

from typing import NamedTuple

from shared.domain.records.page_result import BBox


class TextBlock(NamedTuple):
    """A block of a text layer, or a picture (text ""), on the rendered page."""

    bbox: BBox
    text: str
