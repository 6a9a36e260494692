"""Decides which words are emphasised: those in another style than the text around them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from shared.domain.records.page_result import BlockType
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.marks.signs import BOLD, CODE, ITALIC, without_style
from workers.engines.cpu.values import Character

#: A style of more than this part of the letters of a page is its usual one.
_USUAL_OF_PAGE = 0.5
#: A style of more than this part of the letters of a block is its usual one. Text with more letters
#: of code would be code, if its page had another usual style and its letters were ASCII.
_USUAL_OF_BLOCK = {BOLD: 0.9, ITALIC: 0.9, CODE: 0.8}
#: A block of one line with at most so many words may be a term.
_TERM_WORDS = 3
#: Blocks of other kinds are set in a style of their own.
_KINDS: frozenset[BlockType] = frozenset({"text", "list", "footnote"})


def with_emphasis(drafts: Sequence[Draft]) -> list[Draft]:
    """``drafts`` of a page with marks only around words that differ from the usual style."""
    usual = _usual(
        [draft for draft in drafts if draft.kind in _KINDS],
        dict.fromkeys((BOLD, ITALIC, CODE), _USUAL_OF_PAGE),
    )
    return [draft if draft.kind == "table" else _emphasised(draft, usual) for draft in drafts]


def _emphasised(draft: Draft, usual_of_page: frozenset[tuple[str, str]]) -> Draft:
    if draft.is_margin_note or _is_term(draft):
        usual = usual_of_page  # a name in the margin is as much code as it is in the text
    elif draft.kind in _KINDS:
        usual = usual_of_page | _usual([draft], _USUAL_OF_BLOCK)
    else:
        usual = frozenset((BOLD, ITALIC, CODE))
    lines = []
    for line in draft.lines if usual else ():
        rich = line.rich
        for style in usual:
            rich = without_style(rich, style)
        lines.append(replace(line, rich_text=rich))
    return replace(draft, lines=tuple(lines)) if usual else draft


def _is_term(draft: Draft) -> bool:
    """Whether ``draft`` is only a few words, such as a term over its meaning."""
    return draft.kind in _KINDS and len(draft.lines) == 1 and len(draft.text.split()) <= _TERM_WORDS


def _usual(
    drafts: Iterable[Draft], shares: dict[tuple[str, str], float]
) -> frozenset[tuple[str, str]]:
    """The styles that more than their part in ``shares`` of the letters of ``drafts`` have."""
    counts = Counter[tuple[str, str]]()
    total = 0
    for letter in _letters(drafts):
        total += 1
        counts[BOLD] += letter.bold
        counts[ITALIC] += letter.italic
        counts[CODE] += letter.monospaced
    return frozenset(style for style, share in shares.items() if counts[style] > share * total)


def _letters(drafts: Iterable[Draft]) -> Iterable[Character]:
    return (
        letter
        for draft in drafts
        for line in draft.lines
        for letter in line.characters
        if letter.text.isalnum()
    )
