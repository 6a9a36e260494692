"""Groups pieces of text into rows and puts a drop cap before its word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from workers.engines.cpu.characters import WORD_JOINER, is_cjk, is_mostly_rtl
from workers.engines.cpu.marks.signs import CODE
from workers.engines.cpu.values import Box, Line, bounding_box

#: A piece is on a row if it overlaps at least this part of the height of its lowest piece.
_LEAST_OVERLAP = 0.5
#: Pieces closer than this, in font sizes, are parts of one word.
_TOUCHING = 0.12
#: Text begins at most this far behind its bullet, in font sizes.
_BULLET_GAP = 3.0
#: A letter that is a bullet of its line stands more than so many font sizes before the text.
_LETTER_GAP = 0.45
_LETTER_IN_CODE = re.compile(rf"^[{''.join(CODE)}]?o[{''.join(CODE)}]?")
#: A drop cap is more than this many times as high as the median line.
_DROP_CAP_RATIO = 1.7


@dataclass(frozen=True)
class Row:
    """Pieces of text on one line, in reading order; at least one."""

    lines: tuple[Line, ...]

    @property
    def box(self) -> Box:
        """The box around all pieces in page units."""
        return bounding_box(line.box for line in self.lines)

    @property
    def size(self) -> float:
        """The largest font size in page units."""
        return max(line.size for line in self.lines)

    @property
    def text(self) -> str:
        """The text of all pieces, with WORD_JOINER at the end if the row ends inside a word."""
        return self._joined([line.text for line in self.lines])

    @property
    def rich_text(self) -> str:
        """``text`` with the marks of ``marks``."""
        return self._joined([line.rich for line in self.lines])

    def _joined(self, texts: Sequence[str]) -> str:
        joined = texts[0]
        for before, line, text in zip(self.lines, self.lines[1:], texts[1:], strict=False):
            joined += _separator(before, line) + text
        return joined + WORD_JOINER if self.lines[-1].ends_inside_word else joined


def group_into_rows(lines: Sequence[Line]) -> list[Row]:
    """Rows of ``lines`` from top to bottom."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.box.center_y):
        if rows and _is_on_row(line, rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_row(row) for row in rows]


def median_height(lines: Sequence[Line]) -> float:
    """The median height of ``lines`` in page units; 1.0 for none."""
    return median([line.box.height for line in lines]) if lines else 1.0


def with_drop_cap_joined(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with a drop cap joined to the row that it begins."""
    if len(lines) < 3:
        return list(lines)
    usual_height = median_height(lines)
    caps = [line for line in lines if _is_drop_cap(line, usual_height)]
    others = [line for line in lines if line not in caps]
    if len(caps) != 1 or not others:
        return list(lines)
    cap = caps[0]
    first = min(others, key=lambda line: (line.box.top, line.box.left))
    if cap.box.left > first.box.left or cap.box.top > first.box.bottom:
        return list(lines)
    joined = replace(first, text=cap.text + first.text)
    return [joined if line is first else line for line in others]


def with_letter_bullets(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with the bullets of word processors that are the letter o in another font."""
    return [
        replace(line, text="○")
        if _is_letter_bullet(line, lines)
        else _with_ring(line)
        if _begins_with_letter_bullet(line)
        else line
        for line in lines
    ]


def _begins_with_letter_bullet(line: Line) -> bool:
    """Whether ``line`` is such a bullet and, behind a wide gap, its text in another font."""
    if not line.text.startswith("o ") or len(line.characters) < 2:
        return False
    bullet, *rest = line.characters
    first = next((one for one in rest if one.text.strip()), bullet)
    gap = first.box.left - bullet.box.right
    return bullet.monospaced and not first.monospaced and gap > _LETTER_GAP * line.size


def _with_ring(line: Line) -> Line:
    """``line`` with a ring in place of its first letter, which is in code."""
    text = "○" + line.text[1:]
    rich = _LETTER_IN_CODE.sub("○", line.rich_text, count=1) if line.rich_text else ""
    first = line.characters[0]._replace(text="○", monospaced=False)
    return replace(line, text=text, rich_text=rich, characters=(first, *line.characters[1:]))


def _is_letter_bullet(line: Line, lines: Sequence[Line]) -> bool:
    if line.text != "o" or not line.monospaced:
        return False
    return any(
        not other.monospaced
        and 0 < other.box.left - line.box.right < _BULLET_GAP * line.size
        and other.box.overlap_height(line.box) > _LEAST_OVERLAP * line.box.height
        for other in lines
    )


def _is_drop_cap(line: Line, usual_height: float) -> bool:
    is_letter = len(line.text) == 1 and line.text.isalpha()
    return is_letter and line.box.height > _DROP_CAP_RATIO * usual_height


def _is_on_row(line: Line, row: list[Line]) -> bool:
    lowest = min(line.box.height, min(other.box.height for other in row))
    row_box = bounding_box(other.box for other in row)
    if line.box.overlap_height(row_box) < _LEAST_OVERLAP * lowest:
        return False
    return all(line.box.overlap_width(other.box) < 0.5 * line.box.width for other in row)


def _row(lines: list[Line]) -> Row:
    right_to_left = is_mostly_rtl("".join(line.text for line in lines))
    return Row(tuple(sorted(lines, key=lambda line: line.box.left, reverse=right_to_left)))


def _separator(before: Line, after: Line) -> str:
    """The space between two pieces of a row, or "" inside a word and in CJK text."""
    if is_cjk(before.text[-1:]) and is_cjk(after.text[:1]):
        return ""
    if before.space_after or after.space_before:
        return " "
    gap = -before.box.overlap_width(after.box)
    touching = gap < _TOUCHING * min(before.size, after.size)
    # Boxes of recognised lines are too rough to tell a gap inside a word from a space.
    return "" if touching and before.score is None else " "
