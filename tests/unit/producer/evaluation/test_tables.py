"""TEDS agrees with values computed by hand and with the definition of the tree edit distance."""

import random
from functools import cache

import pytest

from producer.evaluation.tables import scoring
from producer.evaluation.tables.scoring import table_scores, teds
from producer.evaluation.tables.tree import TableNode, table_tree

Tree = tuple[tuple[str, int, int, str], tuple["Tree", ...]]
Forest = tuple[Tree, ...]


def similarity(one: str, other: str) -> float:
    return teds(table_tree(one), table_tree(other))


def row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def test_equal_tables_have_similarity_one_whatever_their_markup() -> None:
    header = "<table border=1><thead><tr><th>a</th><th> b\nc</th></tr></thead></table>"

    assert similarity(header, f"<table>{row('a', 'b c')}</table>") == 1.0


def test_one_changed_letter_costs_its_share_of_one_cell() -> None:
    # Nodes: table, row, two cells. The cell costs 1/4, so 1 - 0.25 / 4.
    one, other = f"<table>{row('a', 'word')}</table>", f"<table>{row('a', 'ward')}</table>"

    assert similarity(one, other) == pytest.approx(1 - 0.25 / 4)


def test_a_missing_row_costs_each_of_its_nodes() -> None:
    # The larger tree has 7 nodes; 3 of them (a row and its two cells) are inserted.
    small, large = row("a", "b"), row("a", "b") + row("c", "d")

    assert similarity(f"<table>{small}</table>", f"<table>{large}</table>") == pytest.approx(4 / 7)


def test_another_span_costs_the_whole_cell() -> None:
    wide = "<table><tr><td colspan=2>a</td></tr></table>"

    assert similarity(wide, "<table><tr><td>a</td></tr></table>") == pytest.approx(2 / 3)


def test_tables_that_only_one_side_has_score_zero() -> None:
    table = f"<table>{row('a')}</table>"

    assert table_scores([table], [table, table]).scores == (1.0, 0.0)
    assert table_scores([table], []).scores == (0.0,)


def test_tables_are_paired_by_their_text() -> None:
    one, other = f"<table>{row('apple', '1')}</table>", f"<table>{row('zebra', '2')}</table>"

    assert table_scores([other, one], [one, other]).scores == (1.0, 1.0)


def test_huge_tables_are_counted_and_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "teds", lambda *_: pytest.fail("compared"))
    huge = f"<table>{row(*map(str, range(600)))}</table>"

    found = table_scores([huge], [huge])

    assert (found.scores, found.too_large) == ((), 1)


@pytest.mark.parametrize("seed", range(100))
def test_agrees_with_the_definition_of_the_paper(seed: int) -> None:
    random_ = random.Random(seed)
    one, other = random_table(random_), random_table(random_)

    distance = forest_distance((frozen(one),), (frozen(other),))

    assert teds(one, other) == pytest.approx(1 - distance / max(one.size, other.size))


def random_table(random_: random.Random) -> TableNode:
    rows = [
        TableNode("tr", children=[random_cell(random_) for _ in range(random_.randint(0, 3))])
        for _ in range(random_.randint(1, 3))
    ]
    return TableNode("table", children=rows)


def random_cell(random_: random.Random) -> TableNode:
    text = "".join(random_.choices("ab1", k=random_.randint(0, 4)))
    return TableNode("td", random_.choice((1, 1, 1, 2)), random_.choice((1, 1, 1, 2)), text)


def frozen(node: TableNode) -> Tree:
    label = (node.tag, node.colspan, node.rowspan, node.content)
    return label, tuple(map(frozen, node.children))


@cache
def forest_distance(one: Forest, other: Forest) -> float:
    """The recursive definition of the distance of ordered forests (Zhang and Shasha, 1989)."""
    if not one or not other:
        return float(sum(map(nodes, one + other)))
    (label_one, inner_one), (label_other, inner_other) = one[-1], other[-1]
    return min(
        forest_distance(one[:-1] + inner_one, other) + 1,
        forest_distance(one, other[:-1] + inner_other) + 1,
        forest_distance(inner_one, inner_other)
        + forest_distance(one[:-1], other[:-1])
        + change(label_one, label_other),
    )


def nodes(tree: Tree) -> int:
    return 1 + sum(map(nodes, tree[1]))


def change(one: tuple[str, int, int, str], other: tuple[str, int, int, str]) -> float:
    if one[:3] != other[:3]:
        return 1.0
    longest = max(len(one[3]), len(other[3]))
    return edits(one[3], other[3]) / longest if longest else 0.0


@cache
def edits(one: str, other: str) -> int:
    """The definition of Levenshtein's distance."""
    if not one or not other:
        return len(one) + len(other)
    changed = edits(one[:-1], other[:-1]) + (one[-1] != other[-1])
    return min(changed, edits(one[:-1], other) + 1, edits(one, other[:-1]) + 1)
