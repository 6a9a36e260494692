"""Computes the scores of one page; runs in helper processes: both texts are untrusted."""

from collections.abc import Sequence

from producer.evaluation.blocks import markdown_blocks
from producer.evaluation.formulas import formula_scores
from producer.evaluation.matching import Match, match_texts
from producer.evaluation.reading_order import reading_order
from producer.evaluation.tables.scoring import table_scores
from producer.evaluation.text_distance import text_distance
from producer.evaluation.values import Block, BlockKind, Scores
from shared.domain.errors import TooLarge

#: Characters of one page, or of a document without pages.
MAX_CHARACTERS = 2_000_000


def score_page(result: str, truth: str | tuple[Block, ...]) -> Scores:
    """Compare the Markdown of a result with the truth; raises TooLarge."""
    own = _blocks(result)
    other = _blocks(truth) if isinstance(truth, str) else truth
    tables = table_scores(_contents(own, "table"), _contents(other, "table"))
    text, order = _text_scores(_contents(own, "text"), [b for b in other if b.kind == "text"])
    return Scores(
        text_distance=text,
        reading_order=order,
        table_scores=tables.scores,
        formula_scores=formula_scores(_contents(own, "formula"), _contents(other, "formula")),
        tables_too_large=tables.too_large,
    )


def _blocks(markdown: str) -> tuple[Block, ...]:
    if len(markdown) > MAX_CHARACTERS:
        raise TooLarge(f"more than {MAX_CHARACTERS} characters; mark pages with <!-- page N -->")
    return markdown_blocks(markdown)


def _contents(blocks: Sequence[Block], kind: BlockKind) -> list[str]:
    return [block.content for block in blocks if block.kind == kind]


def _text_scores(result: list[str], truth: list[Block]) -> tuple[float | None, float | None]:
    """Text distance and reading order, without optional truth and what shows it."""
    matches = match_texts(result, [block.content for block in truth])
    if all(block.scored for block in truth):
        return _compared(result, [block.content for block in truth], matches)
    optional = [each for each in matches if not _scored(each, truth)]
    dropped = {block for each in optional for block in range(*each.result)}
    own = [text for number, text in enumerate(result) if number not in dropped]
    other = [block.content for block in truth if block.scored]
    return _compared(own, other, match_texts(own, other))


def _compared(
    result: list[str], truth: list[str], matches: list[Match]
) -> tuple[float | None, float | None]:
    return text_distance(result, truth, matches), reading_order(matches)


def _scored(match: Match, truth: list[Block]) -> bool:
    return any(truth[block].scored for block in range(*match.truth))
