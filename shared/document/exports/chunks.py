"""Divides a document into chunks for retrieval: bounded, and never across a heading.

A chunk begins with the headings that stand directly before its text. A block that is longer than a
chunk is divided: a table between rows and a listing between lines, each with its first lines
again, other text at the end of a sentence, or between words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from shared.document.exports.blocks import ExportBlock
from shared.document.exports.split_blocks import split_block
from shared.document.structure.units import Place


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a document; ``headings`` are those above it, the highest first."""

    text: str
    headings: tuple[str, ...]
    places: tuple[Place, ...]


@dataclass
class _Open:
    """The chunk that is being filled."""

    headings: tuple[str, ...] = ()
    blocks: list[ExportBlock] = field(default_factory=list)
    length: int = 0
    has_text: bool = False

    def add(self, block: ExportBlock) -> None:
        self.length += len(self.gap(block)) + len(block.markdown)
        self.blocks.append(block)
        self.has_text = self.has_text or block.kind != "heading"

    def gap(self, block: ExportBlock) -> str:
        """What stands between the last block and ``block``."""
        if not self.blocks:
            return ""
        return "\n" if block.is_tight and self.blocks[-1].kind == "item" else "\n\n"

    def chunk(self) -> Chunk:
        written = _Open()
        parts: list[str] = []
        for block, markdown in zip(self.blocks, _from_the_margin(self.blocks), strict=True):
            parts += [written.gap(block), markdown]
            written.add(block)
        places = dict.fromkeys(place for block in self.blocks for place in block.places)
        return Chunk("".join(parts), self.headings, tuple(places))


def _from_the_margin(blocks: Sequence[ExportBlock]) -> list[str]:
    """The Markdown of ``blocks``, that of nested parts of a list at the beginning less indented.

    Without the item above them, Markdown takes indented parts for code.
    """
    nested = [*takewhile(lambda block: block.markdown.startswith(" "), blocks)]
    indents = [len(block.markdown) - len(block.markdown.lstrip(" ")) for block in nested]
    spaces = re.compile(rf"^ {{{min(indents, default=0)}}}", re.MULTILINE)
    own = [spaces.sub("", block.markdown) for block in nested]
    return own + [block.markdown for block in blocks[len(nested) :]]


def chunks(document: Iterable[ExportBlock], limit: int) -> Iterator[Chunk]:
    """The chunks of ``document``, each of at most ``limit`` characters."""
    path: dict[int, str] = {}
    current = _Open()
    for block in (part for whole in document for part in split_block(whole, limit)):
        too_long = current.length + 2 + len(block.markdown) > limit
        if current.blocks and (too_long or (block.kind == "heading" and current.has_text)):
            yield current.chunk()
            current = _Open(tuple(path.values()))
        if block.kind == "heading":
            path = {level: text for level, text in path.items() if level < block.level}
            path[block.level] = block.text.lstrip("#").strip()
            current.headings = tuple(path.values())
        current.add(block)
    if current.blocks:
        yield current.chunk()
