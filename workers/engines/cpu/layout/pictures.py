"""Tells pictures from text that the layout model took for one."""

from collections.abc import Sequence

from workers.engines.cpu.values import Line, PageContent, Region

#: Words of a line that make it a sentence and not a label.
_SENTENCE_WORDS = 5
_SENTENCES = 4
#: A picture covered by sentences to this part is text, and by lines of any kind to that part.
_COVERED, _FILLED = 0.30, 0.5
#: A picture below this part of the page is a speck.
_SPECK = 0.002
#: Regions that share this much of their area are one.
_SAME = 0.9


def plausible(regions: Sequence[Region], lines: Sequence[Line], page: PageContent) -> list[Region]:
    """``regions`` without pictures that are text in truth, specks, copies or pieces."""
    kept: list[Region] = []
    for region in regions:
        if region.box.area <= 0 or (region.label == "picture" and _is_text(region, lines, page)):
            continue
        if not any(_same(region, other) for other in kept):
            kept.append(region)
    return [region for region in kept if not any(_is_piece(region, other) for other in kept)]


def _is_piece(region: Region, other: Region) -> bool:
    """Whether ``region`` is text inside a larger region of text."""
    both = region.label == other.label == "text" and region.box.area < other.box.area
    return both and region.box.share_in(other.box) > _SAME


def _is_text(region: Region, lines: Sequence[Line], page: PageContent) -> bool:
    if region.box.area < _SPECK * page.width * page.height:
        return True
    inside = [line for line in lines if line.box.share_in(region.box) > 0.5]
    covered = sum(line.box.area for line in inside) / region.box.area
    sentences = [line for line in inside if len(line.text.split()) >= _SENTENCE_WORDS]
    if covered > _FILLED:
        return True
    return len(sentences) >= _SENTENCES and (covered > _COVERED or 2 * len(sentences) > len(inside))


def _same(region: Region, other: Region) -> bool:
    return region.box.share_in(other.box) > _SAME and other.box.share_in(region.box) > _SAME
