"""The similarity of tables: TEDS (Zhong, ShafieiBavani, Jimeno Yepes, ECCV 2020, arXiv:1911.10683).

1 minus the tree edit distance of the tables, divided by the nodes of the larger tree. To delete or
insert a node costs 1; to change a cell costs the normalised edit distance of its texts, or 1 where
the spans differ. The tree edit distance is APTED's (Pawlik and Augsten, 2016).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apted import APTED, Config
from rapidfuzz.distance import Levenshtein

from producer.evaluation.matching import pair_up
from producer.evaluation.tables.tree import TableNode, table_tree

#: Nodes of one table times nodes of the other; the time of a comparison grows with it. 250,000,
#: two tables of 500 nodes, take about ten seconds.
MAX_NODE_PAIRS = 250_000


@dataclass(frozen=True)
class TableScores:
    """One score for each pair of tables; ``too_large`` pairs have none."""

    scores: tuple[float, ...]
    too_large: int


def table_scores(result: Sequence[str], truth: Sequence[str]) -> TableScores:
    """TEDS of each pair of HTML tables; 0 for a table that only one side has."""
    own, other = [*map(table_tree, result)], [*map(table_tree, truth)]
    pairs = pair_up([table.text for table in own], [table.text for table in other])
    trees = [(own[a], other[b]) for a, b in pairs]
    small = [(a, b) for a, b in trees if a.size * b.size <= MAX_NODE_PAIRS]
    alone = max(len(own), len(other)) - len(pairs)
    scores = (*[teds(a, b) for a, b in small], *[0.0] * alone)
    return TableScores(scores, len(trees) - len(small))


def teds(result: TableNode, truth: TableNode) -> float:
    """The similarity: 1 for equal tables; a little below 0 is possible where nothing is alike."""
    distance = APTED(result, truth, _Costs()).compute_edit_distance()
    return 1.0 - float(distance) / max(result.size, truth.size)


class _Costs(Config):  # type: ignore[misc]  # apted has no types
    def children(self, node: TableNode) -> list[TableNode]:
        return node.children

    def rename(self, one: TableNode, other: TableNode) -> float:
        if (one.tag, one.colspan, one.rowspan) != (other.tag, other.colspan, other.rowspan):
            return 1.0
        return float(Levenshtein.normalized_distance(one.content, other.content))
