"""Joins paragraphs that a column end, a figure or a footnote split in two."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shared.domain.records.page_result import BlockType
from workers.engines.cpu.blocks.paragraphs import ends_sentence, join_rows

#: Blocks that may stand between the two halves of a paragraph.
_BETWEEN_HALVES = frozenset(
    {"image", "image_caption", "table", "table_caption", "table_footnote", "footnote"}
)
_CAPTIONS: frozenset[BlockType] = frozenset({"image_caption", "table_caption"})
_NOT_IN_MARKDOWN = frozenset({"header", "footer", "page_number"})
#: The Markdown of emphasis and code.
_DELIMITERS = ("**", "*", "~~", "`")
_CONTINUATION = re.compile(r"^(?:\*{1,3}|~~|`+)?[a-zà-öø-ÿ(]")
_SEVERAL_WORDS = re.compile(r"\w+\W+\w+")


class Piece(NamedTuple):
    """The Markdown of one block."""

    kind: BlockType
    markdown: str
    #: Whether it stands under a paragraph that the page ended on purpose.
    begins_anew: bool = False


def join_split_paragraphs(pieces: Iterable[Piece]) -> list[Piece]:
    """``pieces`` without empty ones and furniture, each split paragraph at its first half."""
    result: list[Piece] = []
    for piece in pieces:
        if not piece.markdown or piece.kind in _NOT_IN_MARKDOWN:
            continue
        may_continue = piece.kind == "text" and not piece.begins_anew
        continues = may_continue and _CONTINUATION.match(piece.markdown)
        index = _unfinished_paragraph(result) if continues else None
        if index is None:
            result.append(piece)
        else:
            result[index] = Piece("text", _join_halves(result[index].markdown, piece.markdown))
    return result


def _unfinished_paragraph(pieces: Sequence[Piece]) -> int | None:
    """Index of the last paragraph if it ends inside a sentence, else None.

    A table without a caption belongs at its place in the sentence.
    """
    between: set[BlockType] = set()
    for index in range(len(pieces) - 1, -1, -1):
        kind, markdown, _ = pieces[index]
        if kind == "text":
            stays = "table" in between and not between & _CAPTIONS
            finished = ends_sentence(markdown) or not _SEVERAL_WORDS.search(markdown)
            return None if finished or stays else index
        between.add(kind)
        if kind not in _BETWEEN_HALVES:
            return None
    return None


def _join_halves(first: str, second: str) -> str:
    *before, last = first.split("\n\n")
    start, *after = second.split("\n\n")
    last, start = _without_closed_emphasis(last, start)
    return "\n\n".join([*before, join_rows([last, start], f"{first} {second}"), *after])


def _without_closed_emphasis(first: str, second: str) -> tuple[str, str]:
    """Both halves without a delimiter that ends the emphasis only to begin it again."""
    for mark in _DELIMITERS:
        if first.endswith(mark) and second.startswith(mark) and not first.endswith("\\" + mark):
            return first[: -len(mark)], second[len(mark) :]
    return first, second
