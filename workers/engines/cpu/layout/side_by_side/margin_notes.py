"""Finds notes in the margin beside the text of a page."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.layout.rows import group_into_rows
from workers.engines.cpu.layout.unassigned_lines import group_lines
from workers.engines.cpu.text_layer.lines import line_of
from workers.engines.cpu.values import Line, bounding_box

#: A line with at least so many words is running text; a page with notes has at least so many, and
#: this part of them begin or end at the edge of the text.
_WORDS_OF_TEXT, _FEWEST_LINES, _AT_EDGE = 5, 8, 0.5
#: At most this part of them goes beyond that edge: a heading, or a line with a note before it.
_BEYOND = 0.08
#: A note stands beside a line with which it shares more than this part of its height.
_BESIDE = 0.3
#: Notes stand at most so far below the text, in font sizes: beside formulas and short lines.
_BELOW = 8.0
#: Notes stand at least so far from the text, and their edges on this side lie so close together,
#: in font sizes.
_LEAST_GAP, _SAME_EDGE = 0.3, 0.6
#: A note has at most so many words in a row, and is narrower than this part of the text.
_MOST_WORDS, _WIDEST = 4, 0.4
#: There are at most so many notes as this part of the other lines, and most are aligned,
#: within the last value in font sizes.
_MOST_ROWS, _MOSTLY, _ALIGNED = 0.7, 0.7, 0.25


def split_margin_notes(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """``lines`` without the notes in the margins, and the notes; the second may be empty."""
    text = [line for line in lines if len(line.text.split()) >= _WORDS_OF_TEXT]
    if len(text) < _FEWEST_LINES:
        return list(lines), []
    slack = _SAME_EDGE * text[0].size
    left = _left_edge(text, slack)
    right = _common([line.box.right for line in text], slack, lambda x, edge: x > edge + slack)
    notes = _notes(lines, text, lambda line: _gap_before(left, line), _right)
    if notes and left is not None:
        cut = [part for line in lines for part in _without_note(line, left)]
        return split_margin_notes(cut) if len(cut) > len(lines) else _others(lines, notes)
    return _others(lines, _notes(lines, text, lambda line: _gap_behind(right, line), _left))


def note_drafts(notes: Sequence[Line], line_height: float) -> list[Draft]:
    """The notes as blocks of their own; ``line_height`` is the median of the page, in points."""
    groups = group_lines(notes, line_height)
    return [
        replace(
            group, is_margin_note=True, separate_rows=all(line.monospaced for line in group.lines)
        )
        for group in groups
    ]


def with_notes(drafts: Sequence[Draft], notes: Sequence[Draft]) -> list[Draft]:
    """``drafts`` in reading order with each of ``notes`` before the block that it stands beside."""
    result = list(drafts)
    for note in sorted(notes, key=lambda note: note.box.top):
        result.insert(_place(note, result), note)
    return result


def _place(note: Draft, drafts: Sequence[Draft]) -> int:
    """The index of the block that begins beside ``note``, else of the one most beside it."""
    first = group_into_rows(note.lines)[0].box
    blocks = [(i, draft) for i, draft in enumerate(drafts) if not draft.is_margin_note]
    for index, draft in blocks:
        begins = min((line.box for line in draft.lines), key=lambda box: box.top, default=None)
        if begins is not None and begins.overlap_height(first) > _BESIDE * first.height:
            return index
    most = max((draft.box.overlap_height(note.box) for _, draft in blocks), default=0.0)
    for index, draft in blocks:
        is_below = draft.box.bottom > note.box.center_y
        if draft.box.overlap_height(note.box) == most if most > 0 else is_below:
            return index
    return len(drafts)


def _left_edge(text: Sequence[Line], slack: float) -> float | None:
    """The left edge of ``text``, also where notes stand close before many of its lines."""
    edge = _most_common([line.box.left for line in text], slack)
    cut = [_without_note(line, edge)[-1] for line in text]
    return _common([line.box.left for line in cut], slack, lambda x, edge: x < edge - slack)


def _most_common(edges: Sequence[float], slack: float) -> float:
    return max(edges, key=lambda edge: sum(abs(other - edge) <= slack for other in edges))


def _common(
    edges: Sequence[float], slack: float, is_beyond: Callable[[float, float], bool]
) -> float | None:
    """The edge that most of ``edges`` share within ``slack``; None if others are beyond it."""
    best = _most_common(edges, slack)
    at_edge = sum(abs(other - best) <= slack for other in edges)
    beyond = sum(is_beyond(other, best) for other in edges)
    is_edge = at_edge >= _AT_EDGE * len(edges) and beyond <= max(1, _BEYOND * len(edges))
    return best if is_edge else None


def _gap_before(edge: float | None, line: Line) -> bool:
    return edge is not None and line.box.right <= edge - _LEAST_GAP * line.size


def _gap_behind(edge: float | None, line: Line) -> bool:
    return edge is not None and line.box.left >= edge + _LEAST_GAP * line.size


def _left(line: Line) -> float:
    return line.box.left


def _right(line: Line) -> float:
    return line.box.right


def _others(lines: Sequence[Line], notes: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    chosen = set(map(id, notes))
    return [line for line in lines if id(line) not in chosen], list(notes)


def _notes(
    lines: Sequence[Line],
    text: Sequence[Line],
    is_beside: Callable[[Line], bool],
    edge_of: Callable[[Line], float],
) -> list[Line]:
    """The notes among ``lines``: words in the margin that are aligned with the ``text``."""
    area = bounding_box(line.box for line in text)
    notes = [
        line
        for line in lines
        if is_beside(line)
        and area.top - line.size < line.box.center_y < area.bottom + _BELOW * line.size
        and sum(map(str.isalpha, line.text)) > 1
    ]
    if not notes or len(notes) > _MOST_ROWS * (len(lines) - len(notes)):
        return []
    others = _others(lines, notes)[0]
    # The names of one definition stand in a stack, of which the first is beside its text.
    stacks = [stack.lines for stack in group_lines(notes, notes[0].size)]
    beside = sum(
        len(stack)
        for stack in stacks
        if any(_are_beside(note, line) for note in stack for line in others)
    )
    edge = median(map(edge_of, notes))
    aligned = [line for line in notes if abs(edge_of(line) - edge) <= _ALIGNED * line.size]
    is_narrow = all(
        line.box.width < _WIDEST * area.width and len(line.text.split()) <= _MOST_WORDS
        for line in notes
    )
    fits = is_narrow and min(beside, len(aligned)) >= _MOSTLY * len(notes)
    return notes if fits else []


def _are_beside(note: Line, line: Line) -> bool:
    return note.box.overlap_height(line.box) > _BESIDE * note.box.height


def _without_note(line: Line, edge: float) -> list[Line]:
    """``line`` cut at the ``edge`` of the text, where a note stands close before it."""
    slack = _SAME_EDGE * line.size
    if line.box.left > edge - 2 * slack:
        return [line]
    for index, (before, after) in enumerate(pairwise(line.characters), 1):
        begins = before.text.isspace() and not after.text.isspace()
        if begins and abs(after.box.left - edge) <= slack and index > 1:
            return [line_of(line.characters[:index]), line_of(line.characters[index:])]
    return [line]
