"""Joins the halves of a paragraph, item, quotation or footnote that a break divides.

A break is the end of a page or column, or a figure, table or footnote within the text. Nothing is
joined across a heading, code, a formula or a page that could not be read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from shared.document.structure.breaks import is_break
from shared.document.structure.paragraphs.text_edges import TextEdges
from shared.document.structure.text.hyphenation import ends_in_word, is_cjk, join_halves
from shared.document.structure.text.sentences import ends_sentence
from shared.document.structure.units import (
    ASIDE,
    FIGURE_LINK,
    Context,
    Join,
    JoinKind,
    Unit,
    by_page,
)

#: Units between two halves at most.
_MOST_BETWEEN = 40
#: The first half of a paragraph whose second half begins with a capital letter or a digit is at
#: least so long, so that a line of an address or a contents line is none.
_SHORTEST_HALF = 60
_SHORTEST_CJK_HALF = 24
#: Any first half is at least so long.
_SHORTEST_ANY = 24
#: A first half with more characters is not joined to the next one, so that memory stays bounded.
_LONGEST = 1 << 20
#: The text of a box is set in by at least this, on a scale of 999.
_BOX_INSET = 8
#: Items of one list begin at left edges that differ by at most this.
_SAME_EDGE = 5
_LEADER = re.compile(r"(?:(?:\.\s?){4,}\s*[\divxlc]*|\.\.\. [\divxlc]+)$")
_LABEL = re.compile(
    r"(?:\d{1,3}[.)．、]|\(\w{1,4}\)|（\w{1,4}）|[a-z][.)]\s|[ivx]{1,5}[.)]\s|[•·▪–—*†‡§¹²³⁴-⁹]"
    r"|(?:fig|figure|table|tab|abb|abbildung|tabelle|tableau|图|表|quelle|source)\b[.\s]*\d)",
    re.IGNORECASE,
)
_KINDS: dict[str, JoinKind] = {"item": "item", "quote": "quote", "footnote": "footnote"}


def paragraph_joins(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with each divided paragraph at the place of its first half."""
    waiting: list[Unit] = []
    edges = TextEdges()
    for page in by_page(units):
        edges.add(page)
        for unit in page:
            index = None if edges.is_in_margin(unit) else _first_half(waiting, unit, context, edges)
            if index is None or not edges.may_be_halves(waiting[index], unit):
                waiting.append(unit)
            else:
                waiting[index] = _joined(waiting[index], unit, context)
            if len(waiting) > _MOST_BETWEEN:
                yield waiting.pop(0)
    yield from waiting


def _first_half(
    units: Sequence[Unit], unit: Unit, context: Context, edges: TextEdges
) -> int | None:
    """Index of the unit that ``unit`` continues; None if it begins a paragraph."""
    if unit.kind not in ("text", "quote", "footnote", "item") or not _may_continue(unit):
        return None
    interrupted = False
    for index in range(len(units) - 1, max(-1, len(units) - 1 - _MOST_BETWEEN), -1):
        before = units[index]
        if _is_boxed(before, unit) or edges.is_in_margin(before):
            interrupted = True
            continue
        if _is_family(before, unit):
            at_break = unit.continues or is_break(before, unit)
            # Text that only a figure or a table interrupts goes on inside its sentence.
            goes_on = at_break or (interrupted and _begins_inside(unit))
            matches = goes_on and _halves(before, unit) and _reachable(before, unit, context)
            return index if matches else None
        if before.kind not in ASIDE and not _is_beside_note(before, unit):
            return None
        interrupted = True
    return None


def _is_family(before: Unit, unit: Unit) -> bool:
    if before.kind == unit.kind == "item":
        return not _is_next_item(before, unit)
    if {before.kind, unit.kind} == {"text", "quote"}:
        # Only one of the two pages shows that the paragraph is set in.
        return before.page != unit.page and _begins_inside(unit)
    return before.kind == unit.kind or (before.kind == "item" and unit.kind == "text")


def _is_next_item(before: Unit, unit: Unit) -> bool:
    """Whether an item begins at the left edge of the one before; the rest of one is set in."""
    a, b = before.first.box, unit.first.box
    return a is not None and b is not None and abs(a[0] - b[0]) <= _SAME_EDGE


def _is_beside_note(before: Unit, unit: Unit) -> bool:
    """The text of a page stands between the halves of a footnote of two pages."""
    return unit.kind == "footnote" and before.page == unit.page


def _is_boxed(before: Unit, unit: Unit) -> bool:
    """Whether ``before`` is set in a box that interrupts the column of ``unit``.

    Only a text that begins inside a sentence continues behind a box.
    """
    if before.kind not in ("text", "heading", "quote") or before.page != unit.page:
        return False
    inner, outer = before.first.box, unit.first.box
    if inner is None or outer is None or not _plain_start(unit.text)[:1].islower():
        return False
    inside = outer[0] + _BOX_INSET <= inner[0] and inner[2] <= outer[2] - _BOX_INSET
    return inside and inner[3] <= outer[1] + _BOX_INSET


def _begins_inside(unit: Unit) -> bool:
    first = _plain_start(unit.text)[:1]
    return first.islower() or is_cjk(first)


def _reachable(before: Unit, unit: Unit, context: Context) -> bool:
    return context.follows(before.last.page, unit.page)


def _may_continue(unit: Unit) -> bool:
    text = unit.text
    if unit.kind == "item" and (unit.marker != "-" or not text[:1].islower()):
        return False  # an engine may take the rest of an item for an item
    return not _LABEL.match(text) and FIGURE_LINK not in text and not text.startswith(("|", "<"))


def _halves(before: Unit, unit: Unit) -> bool:
    """Whether the text of ``before`` is unfinished and that of ``unit`` may be its rest."""
    first, second = before.text.rstrip(), _plain_start(unit.text)
    if not first or not second or FIGURE_LINK in first or len(first) > _LONGEST:
        return False
    if ends_in_word(first):
        return second[0].isalpha()
    if ends_sentence(first) or _LEADER.search(first):
        return False
    if is_cjk(first[-1]):
        return is_cjk(second[0]) and len(first) >= _SHORTEST_CJK_HALF
    if second[0].islower():
        return len(first) >= _SHORTEST_ANY and " " in first
    return len(first) >= _SHORTEST_HALF and len(second) >= _SHORTEST_HALF // 2


def _plain_start(text: str) -> str:
    return text.lstrip("> *_`\"'“‘«„(\\")


def _joined(before: Unit, unit: Unit, context: Context) -> Unit:
    kind = _KINDS.get(before.kind, "paragraph")
    context.joins.append(Join(kind, before.last, unit.first))
    page = unit.page if unit.page != before.last.page else None
    second = unit.text
    if unit.kind == "quote":
        second = re.sub(r"^> ?", "", second)
    text = join_halves(before.text, second, context.words, page)
    return before._replace(text=text, places=before.places + unit.places)
