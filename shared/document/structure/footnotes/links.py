"""Links footnotes with their marks: ``[^1]`` in the text, and the note after its paragraph.

A note is linked where its mark stands exactly once in the text of its page, or else of the page
before. ``--footnotes end`` writes all notes at the end of the document, ``keep`` leaves them as
they are on the page.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from shared.document.code_spans import code_spans, outside
from shared.document.structure.footnotes.placing import Referring, inline
from shared.document.structure.lists import MOST_PAGES
from shared.document.structure.text.hyphenation import is_cjk
from shared.document.structure.text.marks import definition, reference
from shared.document.structure.units import Context, Unit, UnitKind

_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_RAISED = "¹²³⁴⁵⁶⁷⁸⁹⁰"
_STAR = r"(?:(?<![\\*])\*|(?<!\\\*)(?:\\\*){1,3})"
_MARK = (
    rf"(?:(?<![{_RAISED}])[{_RAISED}]{{1,3}}(?![{_RAISED}])⁾?|\*\*[{_RAISED}]{{1,3}}\*\*⁾?"
    r"|<sup>\s*\w{1,3}\)?\s*</sup>"
    r"|\\\(\s*\^\s*\{?\s*\w{1,3}\s*\}?\s*\\\)|\$\s*\^\s*\{?\s*\w{1,3}\s*\}?\s*\$|[†‡§]"
    rf"|{_STAR})"
)
_MARKS = re.compile(_MARK)
_NOTE = re.compile(
    rf"(?P<mark>{_MARK}|\d{{1,3}}(?:(?=\s)|\\?\)|\\?\.(?=\s)))\s*(?P<text>[^\W_][^\n]*|[\"'“‘«„`*(/][^\n]*)"
)
_WORD = re.compile(r"[^\W_]+")
#: Notes of a page at most; a mark is looked for among those of so many notes.
_MOST_NOTES = 100
#: A text that Markdown would read as something else behind the label of a note.
_UNSAFE = re.compile(r"\d{1,9}[.)](?:\s|$)|\S+(?:\s+[\"'(].*)?$")
#: Some documents have a space before a mark; a letter before it is a quantity with a power.
_WORD_AND_SPACE = re.compile(r"(?:[^\W\d_]{2}|[.,;:!?])[)’”\"]? $")
_EMPHASIS = re.compile(r"(?<!\\)\*")
_CJK_PAUSE = re.compile(r"(?<=[，。；：！？])(?=\S)")
#: What stands before and after a mark that would become a part of a link.
_BEFORE, _AFTER = ("[", "]", "!", "\\"), ("(", "[", ":")
#: Kinds that may have the mark of a note.
_WITH_MARKS: frozenset[UnitKind] = frozenset(
    {"text", "item", "quote", "heading", "image_caption", "table_caption"}
)
#: A page is complete so many pages later: a list moves notes behind itself.
_HORIZON = MOST_PAGES + 2


def footnotes(units: Iterable[Unit], context: Context) -> Iterator[Unit]:
    """``units`` with linked footnotes; unchanged with ``--footnotes keep``."""
    if context.render.footnotes == "keep":
        return iter(units)
    linked = _numbered(_linked(units, context))
    return _at_end(linked) if context.render.footnotes == "end" else inline(linked)


@dataclass(slots=True)
class _Entry:
    """A unit that waits until all text and all notes of its pages were read."""

    unit: Unit
    index: int
    #: In order.
    pages: tuple[int, ...] = ()
    #: Its marks that have a note: first and last character, and the note.
    links: list[tuple[int, int, "_Entry"]] = field(default_factory=list)
    #: Whether it is a note with exactly one mark.
    is_linked: bool = False

    def has_link_at(self, start: int) -> bool:
        """Whether the mark at ``start`` has a note already."""
        return any(link[0] == start for link in self.links[-_MOST_NOTES:])


@dataclass(slots=True)
class _PageNotes:
    """The entries with text on a page, and its notes."""

    texts: list[_Entry] = field(default_factory=list)
    notes: list[_Entry] = field(default_factory=list)

    #: Notes without a mark on the page.
    late: list[_Entry] = field(default_factory=list)
    is_known: bool = False

    def link(self, following: "_PageNotes | None") -> None:
        """Link each note that has exactly one mark; all entries of both pages are known.

        A note of the ``following`` page that has no mark there may have it on this page.
        """
        self._link_own()
        if following is not None:
            following._link_own()
            for note in following.late:
                self._link(note)

    def _link_own(self) -> None:
        if not self.is_known:
            self.is_known = True
            self.late = [note for note in self.notes if not self._link(note)]

    def _link(self, note: _Entry) -> bool:
        """Link ``note`` where it has exactly one mark; whether it has any."""
        match = _NOTE.fullmatch(note.unit.text)
        label = _label(match["mark"]) if match else ""
        found = [
            (start, end, text)
            for text in self.texts
            for start, end in _marks(text.unit.text, label)
        ]
        # Notes within a note may have numbers of their own.
        if len(found) == 1 and not found[0][2].has_link_at(found[0][0]):
            start, end, text = found[0]
            text.links.append((start, end, note))
            note.is_linked = True
        return bool(found)


def _linked(units: Iterable[Unit], context: Context) -> Iterator[_Entry]:
    """The entries of all units in their order, with their links."""
    position = context.pages.position
    waiting: deque[_Entry] = deque()
    pages: dict[int, _PageNotes] = {}
    latest = 0
    for index, unit in enumerate(units):
        entry = _entry(unit, index)
        waiting.append(entry)
        for page in entry.pages:
            of_page = pages.get(page)
            if of_page is None:
                of_page = pages[page] = _PageNotes()
            (of_page.notes if unit.kind == "footnote" else of_page.texts).append(entry)
        here = position(unit.first.page)
        if here <= latest:
            continue
        latest = here
        while pages and position(first := next(iter(pages))) < latest - _HORIZON:
            pages.pop(first).link(pages.get(first + 1))
        while waiting and pages.keys().isdisjoint(waiting[0].pages):
            yield waiting.popleft()
    for page, of_page in pages.items():
        of_page.link(pages.get(page + 1))
    yield from waiting


def _entry(unit: Unit, index: int) -> _Entry:
    if unit.kind in _WITH_MARKS:
        return _Entry(unit, index, _pages(unit))
    match = _NOTE.fullmatch(unit.text) if unit.kind == "footnote" else None
    is_note = match is not None and _definition_text(match["text"]) is not None
    return _Entry(unit, index, (unit.first.page,) if is_note else ())


def _pages(unit: Unit) -> tuple[int, ...]:
    if len(unit.places) == 1:
        return (unit.first.page,)
    return tuple(sorted({place.page for place in unit.places}))


def _numbered(entries: Iterable[_Entry]) -> Iterator[Referring]:
    """The units in their order; notes are numbered in the order of their references."""
    number = 0
    for entry in entries:
        if not entry.links:
            yield Referring(entry.unit, [], entry.is_linked)
            continue
        links = sorted(entry.links, key=lambda link: (link[0], link[2].index))
        notes = [
            _as_definition(note.unit, number + place)
            for place, (_, _, note) in enumerate(links, start=1)
        ]
        yield Referring(_with_references(entry.unit, links, number), notes, entry.is_linked)
        number += len(links)


def _label(mark: str) -> str:
    translated = mark.translate(_DIGITS)
    word = _WORD.search(re.sub(r"</?sup>", " ", translated))
    return word.group() if word else translated.replace("\\", "")


def _marks(text: str, label: str) -> list[tuple[int, int]]:
    """Where ``label`` stands as a raised mark that can become a link."""
    is_outside = outside(code_spans(text))
    return [
        mark.span()
        for mark in _MARKS.finditer(text)
        if _label(mark.group()) == label and is_outside(mark.start()) and _is_free(text, mark)
        if mark.group() != "*" or _is_lone_star(text, mark)
    ]


def _is_lone_star(text: str, mark: re.Match[str]) -> bool:
    """Whether a star is no half of an emphasis: it ends a word and stands alone in the text."""
    ends_word = text[mark.start() - 1 : mark.start()].isalnum()
    return ends_word and len(_EMPHASIS.findall(text)) == 1 and not text[mark.end() :][:1].isalnum()


def _is_free(text: str, mark: re.Match[str]) -> bool:
    before, after = text[: mark.start()], text[mark.end() :]
    in_link = before.rfind("[") > before.rfind("]")
    is_power = re.search(r"(?:^|[\W\d_])[^\W\d_]?$|\d$", before) is not None
    after_word = _WORD_AND_SPACE.search(before) is not None
    after_sign = before[-1:] in ".,;:!?\"'”’»)。，；：！？）」`"
    joined = before.endswith(_BEFORE) or after.startswith(_AFTER)
    return (
        bool(before) and not in_link and not joined and (after_sign or after_word or not is_power)
    )


def _definition_text(text: str) -> str | None:
    """``text`` as Markdown reads it behind a label; None where it would become another thing.

    Renderers without footnotes take ``[^1]: word`` for the address of a link, so a note has
    several words. One of a script without spaces gets a space after its first pause.
    """
    text = text.strip()
    if " " not in text and is_cjk(text[:1]):
        text = _CJK_PAUSE.sub(" ", text, count=1)
    return None if _UNSAFE.match(text) else text


def _with_references(unit: Unit, links: Sequence[tuple[int, int, _Entry]], number: int) -> Unit:
    text = unit.text
    for place, (start, end, _) in reversed([*enumerate(links, start=1)]):
        text = text[:start] + reference(number + place) + text[end:]
    return unit._replace(text=text) if links else unit


def _as_definition(unit: Unit, number: int) -> Unit:
    match = _NOTE.fullmatch(unit.text)
    text = _definition_text(match["text"]) if match else None
    return unit._replace(text=definition(number) + (text or unit.text), lead="\n\n")


def _at_end(units: Iterable[Referring]) -> Iterator[Unit]:
    """All notes after the last unit; they are held in memory."""
    last, rest = 0, list[Unit]()
    for each in units:
        last = each.unit.page
        rest += each.notes
        if not each.is_note:
            yield each.unit
    yield from (note._replace(page=last) for note in rest)
