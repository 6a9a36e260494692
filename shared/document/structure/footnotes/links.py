"""Links footnotes with their marks: ``[^1]`` in the text, and the note after its paragraph.

A note is linked where its mark stands exactly once in the text of its page. ``--footnotes end``
writes all notes at the end of the document, ``keep`` leaves them as they are on the page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.document.code_spans import code_spans, outside
from shared.document.structure.text.hyphenation import is_cjk
from shared.document.structure.text.marks import definition, reference
from shared.document.structure.units import Context, Unit

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
    rf"(?P<mark>{_MARK}|\d{{1,3}}(?:(?=\s)|\)))\s*(?P<text>[^\W_][^\n]*|[\"'“‘«„][^\n]*)"
)
_WORD = re.compile(r"[^\W_]+")
#: Notes of a page at most; a mark is looked for among those of the notes before.
_MOST_NOTES = 100
#: A text that Markdown would read as something else behind the label of a note.
_UNSAFE = re.compile(r"\d{1,9}[.)](?:\s|$)|\S+(?:\s+[\"'(].*)?$")
#: Some documents have a space before a mark; a letter before it is a quantity with a power.
_WORD_AND_SPACE = re.compile(r"[^\W\d_]{2}[)’”\"]? $")
_EMPHASIS = re.compile(r"(?<!\\)\*")
_CJK_PAUSE = re.compile(r"(?<=[，。；：！？])(?=\S)")
#: What stands before and after a mark that would become a part of a link.
_BEFORE, _AFTER = ("[", "]", "!", "\\"), ("(", "[", ":")


@dataclass(frozen=True, slots=True)
class _Link:
    """The mark of a note: the unit and the characters of its text."""

    unit: int
    start: int
    end: int
    note: int


def footnotes(units: Sequence[Unit], context: Context) -> list[Unit]:
    """``units`` with linked footnotes; unchanged with ``--footnotes keep``."""
    if context.render.footnotes == "keep":
        return list(units)
    links = _links(units)
    numbers = {link.note: number for number, link in enumerate(links, start=1)}
    texts = _with_references(units, links, numbers)
    notes = {note: _as_definition(units[note], number) for note, number in numbers.items()}
    if context.render.footnotes == "end":
        last = units[-1].page if units else 0
        rest = [replace(note, page=last) for note in notes.values()]
        return [unit for index, unit in enumerate(texts) if index not in notes] + rest
    return _inline(texts, {link.note: link.unit for link in links}, notes)


def _links(units: Sequence[Unit]) -> list[_Link]:
    """The links in the order of the text."""
    by_page: dict[int, list[int]] = {}
    for index, unit in enumerate(units):
        if unit.kind in ("text", "item", "quote", "heading", "image_caption", "table_caption"):
            for page in {place.page for place in unit.places}:
                by_page.setdefault(page, []).append(index)
    links: list[_Link] = []
    for note, unit in enumerate(units):
        match = _NOTE.fullmatch(unit.text) if unit.kind == "footnote" else None
        if match is None or _definition_text(match["text"]) is None:
            continue
        found = [
            _Link(index, start, end, note)
            for index in by_page.get(unit.first.page, [])
            for start, end in _marks(units[index].text, _label(match["mark"]))
        ]
        # Notes within a note may have numbers of their own.
        taken = {(link.unit, link.start) for link in links[-_MOST_NOTES:]}
        if len(found) == 1 and (found[0].unit, found[0].start) not in taken:
            links += found
    return sorted(links, key=lambda link: (link.unit, link.start))


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
    after_sign = before[-1:] in ".,;:!?\"'”’»)。，；：！？）」"
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


def _with_references(
    units: Sequence[Unit], links: Sequence[_Link], numbers: dict[int, int]
) -> list[Unit]:
    result = list(units)
    for link in reversed(links):
        unit = result[link.unit]
        mark = reference(numbers[link.note])
        text = unit.text[: link.start] + mark + unit.text[link.end :]
        result[link.unit] = replace(unit, text=text)
    return result


def _as_definition(unit: Unit, number: int) -> Unit:
    match = _NOTE.fullmatch(unit.text)
    text = _definition_text(match["text"]) if match else None
    return replace(unit, text=definition(number) + (text or unit.text), lead="\n\n")


def _inline(units: Sequence[Unit], homes: dict[int, int], notes: dict[int, Unit]) -> list[Unit]:
    """``units`` with each note after the paragraph, or after the list, that has its mark."""
    by_home: dict[int, list[Unit]] = {}
    for note, home in homes.items():
        by_home.setdefault(home, []).append(notes[note])
    result: list[Unit] = []
    waiting: list[Unit] = []
    for index, unit in enumerate(units):
        if index in notes:
            continue
        in_list = unit.kind == "item" or (unit.kind == "text" and unit.level > 0)
        if not in_list:
            result += [replace(note, page=result[-1].page) for note in waiting]
            waiting = []
        result.append(unit)
        waiting += by_home.get(index, [])
        if not in_list:
            result += [replace(note, page=unit.page) for note in waiting]
            waiting = []
    return result + [replace(note, page=result[-1].page) for note in waiting]
