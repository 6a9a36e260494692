"""Decides which words are emphasised: those in another style than the text around them."""

from collections import Counter
from dataclasses import replace

from shared.domain.records import BlockType
from workers.engines.cpu.layout.drafts import Draft
from workers.engines.cpu.marks import BOLD, CODE, ITALIC, without_style

#: A style of more than this part of the letters of a block is its usual one.
_USUAL = 0.5
#: Blocks of other kinds are set in a style of their own.
_KINDS: frozenset[BlockType] = frozenset({"text", "list", "footnote"})


def with_emphasis(draft: Draft) -> Draft:
    """``draft`` with marks only around words that differ from its usual style."""
    if draft.kind == "table":
        return draft
    usual = _usual_styles(draft) if draft.kind in _KINDS else [BOLD, ITALIC, CODE]
    if not usual:
        return draft
    lines = []
    for line in draft.lines:
        rich = line.rich
        for style in usual:
            rich = without_style(rich, style)
        lines.append(replace(line, rich_text=rich))
    return replace(draft, lines=tuple(lines))


def _usual_styles(draft: Draft) -> list[tuple[str, str]]:
    letters = [c for line in draft.lines for c in line.characters if c.text.isalnum()]
    counts = Counter[tuple[str, str]]()
    for letter in letters:
        counts[BOLD] += letter.bold
        counts[ITALIC] += letter.italic
        counts[CODE] += letter.monospaced
    return [style for style, count in counts.items() if count > _USUAL * len(letters)]
