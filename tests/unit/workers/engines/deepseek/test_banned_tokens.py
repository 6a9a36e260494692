"""The batched no-repeat rule equals a slow reference implementation for each sequence."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the rule runs on tensors")

from workers.engines.deepseek.no_repeat.banned_tokens import (  # noqa: E402
    ban_repeated_ngrams,
    batch_rules,
    columns_before,
    padded_ids,
    span_of,
)
from workers.engines.deepseek.no_repeat.rule import Rule  # noqa: E402

VOCABULARY = 12


def slow_rule(output: list[int], rule: Rule) -> set[int]:
    """The tokens that the published processor bans."""
    if len(output) < rule.size:
        return set()
    prefix = tuple(output[-(rule.size - 1) :])
    banned = set()
    for start in range(max(0, len(output) - rule.window), len(output) - rule.size + 1):
        *head, last = output[start : start + rule.size]
        if tuple(head) == prefix:
            banned.add(last)
    return banned - set(rule.allowed)


def fast_rule(outputs: list[list[int]], rules: list[Rule | None]) -> list[set[int]]:
    """The tokens that the batched rule bans, one set per row."""
    padded = [rule or Rule(0) for rule in rules]
    logits = torch.zeros(len(outputs), VOCABULARY)
    span = span_of(padded)
    if span is not None:
        longest = max(len(output) for output in outputs)
        table = torch.tensor([[*output, *[0] * (longest + 1 - len(output))] for output in outputs])
        lengths = torch.tensor([len(output) for output in outputs], dtype=torch.int32)
        recent = table.int().gather(1, columns_before(lengths.long(), span.width))
        sizes = torch.tensor([[r.size for r in padded], [r.window for r in padded]])
        ids = torch.tensor([padded_ids(rule) for rule in padded])
        ban_repeated_ngrams(logits, recent, lengths, batch_rules(sizes.int(), ids.int(), span))
    assert set(logits.unique().tolist()) <= {0.0, -torch.inf}
    return [set(row.isinf().nonzero().flatten().tolist()) for row in logits]


rules = st.builds(
    Rule,
    size=st.integers(1, 7),
    window=st.integers(1, 25),
    allowed=st.sets(st.integers(0, 3), max_size=2).map(tuple),
)
sequences = st.lists(st.integers(0, 2), max_size=60) | st.lists(
    st.integers(0, VOCABULARY - 1), max_size=40
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(sequences, rules | st.none()), min_size=1, max_size=6))
def test_the_batch_bans_what_the_published_processor_bans(
    rows: list[tuple[list[int], Rule | None]],
) -> None:
    outputs, rules_ = [output for output, _ in rows], [rule for _, rule in rows]

    expected = [slow_rule(output, rule) if rule else set() for output, rule in rows]
    assert fast_rule(outputs, rules_) == expected


@pytest.mark.parametrize("period", [1, 2, 7, 31, 60, 61, 62])
def test_loops_of_any_period_are_broken_exactly_as_published(period: int) -> None:
    rule = Rule(30, 90)
    loop = [number % VOCABULARY for number in range(period)]
    outputs = [(loop * 200)[:length] for length in range(1, 190)]

    banned = fast_rule(outputs, [rule] * len(outputs))

    assert banned == [slow_rule(output, rule) for output in outputs]
    assert any(banned)


def test_a_row_of_empty_table_cells_may_continue() -> None:
    rule, free = Rule(4, 20, allowed=(1, 2)), Rule(4, 20)
    cells = [1, 2] * 15

    assert fast_rule([cells, cells], [rule, free]) == [set(), {1}]


def test_a_page_generated_greedily_is_the_same_token_for_token() -> None:
    chooser = random.Random(1)
    scores = torch.tensor([[chooser.random() for _ in range(VOCABULARY)] for _ in range(3)])
    rule = Rule(5, 40, allowed=(0,))
    fast, slow = [[0], [1], [2]], [[0], [1], [2]]

    for _ in range(300):
        held = fast_rule(fast, [rule] * 3)
        for row in range(3):
            ranked = scores[row].argsort(descending=True).tolist()
            fast[row].append(next(t for t in ranked if t not in held[row]))
            banned = slow_rule(slow[row], rule)
            slow[row].append(next(t for t in ranked if t not in banned))

    assert fast == slow
    assert len(set(fast[0])) > 1


def test_rows_without_a_rule_are_unchanged() -> None:
    assert fast_rule([[1] * 30, [1] * 30], [None, Rule(3, 10)]) == [set(), {1}]
