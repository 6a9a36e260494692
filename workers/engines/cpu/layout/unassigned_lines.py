"""Groups lines that lie in no layout region into text blocks."""

from collections.abc import Sequence

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.values import Line, bounding_box

#: Lines of one group are at most this far apart vertically, in median line heights.
_LARGEST_GAP = 0.9
#: Lines of one group overlap horizontally by more than this part of the narrower one.
_LEAST_OVERLAP = 0.3
#: Heights of the lines of one group differ by at most this factor.
_LARGEST_HEIGHT_RATIO = 1.5


def group_lines(lines: Sequence[Line], line_height: float) -> list[Draft]:
    """``lines`` that are close below or beside each other, as text blocks.

    ``line_height`` is the median of the page, in points.
    """
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.box.top, line.box.left)):
        near = [
            group for group in groups if any(_is_near(line, other, line_height) for other in group)
        ]
        groups = [group for group in groups if group not in near]
        groups.append([*(member for group in near for member in group), line])
    return [
        Draft("text", bounding_box(line.box for line in group), tuple(group)) for group in groups
    ]


def _is_near(line: Line, other: Line, line_height: float) -> bool:
    a, b = line.box, other.box
    if max(a.height, b.height) > _LARGEST_HEIGHT_RATIO * min(a.height, b.height):
        return False
    if a.overlap_height(b) > 0.5 * min(a.height, b.height) and -a.overlap_width(b) < line_height:
        return True
    below = -a.overlap_height(b) < _LARGEST_GAP * line_height
    return below and a.overlap_width(b) > _LEAST_OVERLAP * min(a.width, b.width)
