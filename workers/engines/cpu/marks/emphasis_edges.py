"""Moves the edges of emphasised words to where CommonMark lets emphasis begin and end.

A delimiter opens emphasis only before a character that is no space, and before punctuation only
behind a space or other punctuation; it closes emphasis by the mirrored rule (CommonMark 0.31,
"left-flanking" and "right-flanking delimiter run").
"""

import string
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from workers.engines.cpu.marks.signs import BOLD, ITALIC, STRUCK

#: All styles whose edges have rules.
STYLES = (BOLD[0], ITALIC[0], STRUCK[0])
_STARRED = frozenset((BOLD[0], ITALIC[0]))
_NONE: frozenset[str] = frozenset()


class Piece(NamedTuple):
    """A word, a space, a sign or a whole span of Markdown, with the styles around it.

    ``code`` is the text inside a code span, "" for other pieces.
    """

    text: str
    styles: frozenset[str]
    code: str = ""


def with_valid_edges(pieces: Sequence[Piece]) -> list[Piece]:
    """``pieces`` with styles that nest and whose edges Markdown can express."""
    if not any(piece.styles for piece in pieces):
        return list(pieces)
    result = _nested(_with_styled_spaces(pieces))
    _mend_edges(result)
    return result


def style_ends(pieces: Sequence[Piece]) -> dict[str, list[int]]:
    """For each style and piece in it, the index after the last piece of the run."""
    ends = {style: [0] * len(pieces) for style in STYLES}
    for style, indexes in ends.items():
        end = len(pieces)
        for index in range(len(pieces) - 1, -1, -1):
            if style not in pieces[index].styles:
                end = index
            indexes[index] = end
    return ends


def _with_styled_spaces(pieces: Sequence[Piece]) -> list[Piece]:
    """``pieces`` with each space in the styles that the pieces on both sides share."""
    result = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.text.isspace():
            before, after = _styles(pieces, index - 1), _styles(pieces, index + 1)
            result[index] = piece._replace(styles=before & after)
    return result


def _nested(pieces: Sequence[Piece]) -> list[Piece]:
    """``pieces`` without the rest of a run that begins inside of another run and outlasts it."""
    ends = style_ends(pieces)
    opened: list[str] = []
    cut: frozenset[str] = _NONE
    result = []
    for index, piece in enumerate(pieces):
        styles = piece.styles - cut
        while opened and not styles.issuperset(opened):
            cut |= {opened.pop()} & styles
            styles = piece.styles - cut
        opened += sorted(styles.difference(opened), key=lambda style: -ends[style][index])
        result.append(piece._replace(styles=styles))
        # Behind a space the run may begin again.
        cut = _NONE if piece.text.isspace() else cut & piece.styles
    return result


def _mend_edges(pieces: list[Piece]) -> None:
    """Take styles off the pieces at whose edge they can't begin or end."""
    index = 0
    while index <= len(pieces):
        before, after = _styles(pieces, index - 1), _styles(pieces, index)
        closed, opened = before - after, after - before
        if (closed or opened) and not _can_close(pieces, index, closed, opened):
            index = _take_off(pieces, index - 1, -1, closed, opened)
        elif opened and not _can_open(pieces, index, closed, opened):
            index = _take_off(pieces, index, 1, opened, closed)
        else:
            index += 1


def _take_off(
    pieces: list[Piece], index: int, step: int, styles: frozenset[str], others: frozenset[str]
) -> int:
    """Take ``styles`` off the piece at ``index``; returns the edge to look at next.

    Where two kinds of delimiters meet, the emphasis goes and the strike stays.
    """
    if _are_mixed(styles | others):
        own = styles & _STARRED
        start = index if own else index - step
        last = _take_off_run(pieces, start, step if own else -step, own or others & _STARRED)
        return max(0, min(start, last))
    pieces[index] = _without(pieces[index], styles)
    return max(0, index - 1)


def _take_off_run(pieces: list[Piece], index: int, step: int, styles: frozenset[str]) -> int:
    """Take ``styles`` off the run from ``index`` on; returns the index after it."""
    while 0 <= index < len(pieces) and pieces[index].styles & styles:
        pieces[index] = _without(pieces[index], styles)
        index += step
    return index


def _can_close(
    pieces: Sequence[Piece], index: int, closed: frozenset[str], opened: frozenset[str]
) -> bool:
    """Whether the styles ``closed`` may end before the piece at ``index``."""
    if not closed:
        return True
    last = pieces[index - 1].text[-1]
    if last.isspace():
        return False
    free = index == len(pieces) or _is_free(pieces[index].text[0])
    free = free and not _are_both_starred(closed, opened)
    meets = _are_mixed(closed) or (_are_mixed(closed | opened) and bool(opened & _STARRED))
    return free or (_is_word(last) and not meets)


def _can_open(
    pieces: Sequence[Piece], index: int, closed: frozenset[str], opened: frozenset[str]
) -> bool:
    """Whether the styles ``opened`` may begin with the piece at ``index``."""
    first = pieces[index].text[0]
    if first.isspace():
        return False
    free = index == 0 or _is_free(pieces[index - 1].text[-1])
    free = free and not _are_both_starred(closed, opened)
    if opened & _STARRED and _styles(pieces, index - 1) & _styles(pieces, index) & _STARRED:
        # Inside other emphasis, a delimiter that could also end emphasis may end the wrong one.
        safe = pieces[index - 1].text[-1].isspace() or (free and _is_word(first))
        return safe and not _are_mixed(opened)
    meets = _are_mixed(opened) or (_are_mixed(closed | opened) and bool(closed & _STARRED))
    return free or (_is_word(first) and not meets)


def _are_both_starred(closed: frozenset[str], opened: frozenset[str]) -> bool:
    """Whether one run of stars would end and begin emphasis, which is safe only inside a word."""
    return bool(closed & _STARRED and opened & _STARRED)


def _are_mixed(styles: frozenset[str]) -> bool:
    """Whether ``styles`` have delimiters of two kinds."""
    return STRUCK[0] in styles and bool(styles & _STARRED)


def _is_free(letter: str) -> bool:
    """Whether ``letter`` is a space or punctuation in every version of CommonMark."""
    return letter.isspace() or _is_punctuation(letter)


def _is_word(letter: str) -> bool:
    """Whether ``letter`` is neither a space nor punctuation in any version of CommonMark."""
    symbol = unicodedata.category(letter).startswith("S")
    return not (letter.isspace() or symbol or _is_punctuation(letter))


def _is_punctuation(letter: str) -> bool:
    return letter in string.punctuation or unicodedata.category(letter).startswith("P")


def _styles(pieces: Sequence[Piece], index: int) -> frozenset[str]:
    return pieces[index].styles if 0 <= index < len(pieces) else _NONE


def _without(piece: Piece, styles: Iterable[str]) -> Piece:
    return piece._replace(styles=piece.styles.difference(styles))
