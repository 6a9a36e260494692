"""Drafts change no answer, and come from where a slow reference implementation finds them."""

import os
import random
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="drafts are made on tensors")

from workers.engines.deepseek.drafts.batch import DraftBatch  # noqa: E402
from workers.engines.deepseek.drafts.layout import layout_of  # noqa: E402
from workers.engines.deepseek.drafts.matcher import (  # noqa: E402
    DEPTH,
    LEAST,
    LEAST_IN_ANSWER,
    place_in_answer,
    place_in_reference,
    tokens_at,
)
from workers.engines.deepseek.drafts.placeholders import ABSENT, NONE  # noqa: E402
from workers.engines.deepseek.drafts.tables import Page  # noqa: E402
from workers.engines.deepseek.no_repeat.banned_tokens import span_of  # noqa: E402
from workers.engines.deepseek.no_repeat.rule import Rule  # noqa: E402

VOCABULARY = 12
COUNT = 5
#: Few, because Triton's interpreter is slow.
EXAMPLES = 8


def run_before(table: list[int], place: int, last: list[int]) -> int:
    """How many tokens before ``place`` equal the last tokens, at most DEPTH."""
    run = 0
    while run < DEPTH and place - run >= 1 and table[place - run - 1] == last[-1 - run]:
        run += 1
    return run


def slow_reference_place(table: list[int], last: list[int], expected: int) -> tuple[int, bool]:
    """What ``place_in_reference`` returns for one row."""

    def rank(place: int) -> tuple[int, int]:
        away = place - expected
        return run_before(table, place, last), -(away if away >= 0 else -2 * away)

    best = max(range(len(table)), key=lambda place: (*rank(place), -place))
    run = run_before(table, best, last)
    found = run >= LEAST or (run >= 1 and best == expected)
    return (best if found else expected), found


def slow_answer_place(answer: list[int], last: list[int]) -> int | None:
    """What ``place_in_answer`` returns for one row; None if it finds nothing."""
    places = [(run_before(answer, place, last), place) for place in range(len(answer))]
    run, place = max(places, default=(0, 0))
    return place if run >= LEAST_IN_ANSWER else None


tables = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=30), min_size=1, max_size=4)


def padded(rows: list[list[int]], width: int) -> Any:
    return torch.tensor([[*row, *[NONE] * (width - len(row))] for row in rows], dtype=torch.int32)


@given(rows=tables, data=st.data())
@settings(max_examples=150, deadline=None)
def test_the_place_in_the_reference_is_the_longest_and_then_nearest_match(
    rows: list[list[int]], data: st.DataObject
) -> None:
    token = st.integers(0, 2) | st.just(ABSENT)
    last = [data.draw(st.lists(token, min_size=DEPTH, max_size=DEPTH)) for _ in rows]
    expected = [data.draw(st.integers(0, 30)) for _ in rows]
    width = 31
    found = place_in_reference(
        padded(rows, width), torch.tensor(last, dtype=torch.int32), torch.tensor(expected)
    )
    wanted = [
        slow_reference_place([*row, *[NONE] * (width - len(row))], own, place)
        for row, own, place in zip(rows, last, expected, strict=True)
    ]
    assert list(zip(found.index.tolist(), found.found.tolist(), strict=True)) == wanted


@given(answers=st.lists(st.lists(st.integers(0, 2), max_size=30), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_the_place_in_the_answer_is_the_latest_of_the_longest_earlier_ones(
    answers: list[list[int]],
) -> None:
    last = [[*[ABSENT] * DEPTH, *answer][-DEPTH:] for answer in answers]
    lengths = torch.tensor([len(answer) for answer in answers])
    found = place_in_answer(padded(answers, 31), torch.tensor(last, dtype=torch.int32), lengths)
    for row, answer in enumerate(answers):
        place = slow_answer_place(answer, last[row])
        assert found.found[row].item() == (place is not None)
        assert place is None or found.index[row].item() == place


def test_a_draft_ends_at_the_end_of_the_text() -> None:
    table = padded([[4, 5], [7, 8, 9, 3]], 6)
    drafts = tokens_at(table, torch.tensor([0, 2]), 4)
    assert drafts.tolist() == [[4, 5, NONE, NONE], [9, 3, NONE, NONE]]


def operations() -> list[Any]:
    """Every implementation that runs here: Triton's kernels need its interpreter."""
    from workers.engines.deepseek.drafts import tensor_operations

    if os.environ.get("TRITON_INTERPRET") != "1" or find_spec("triton") is None:
        return [tensor_operations]
    from workers.engines.deepseek.drafts import kernels

    return [tensor_operations, kernels]


OPERATIONS = pytest.mark.parametrize(
    "way", operations(), ids=lambda module: module.__name__.rsplit(".", 1)[-1]
)


def tokens_of_step(
    batch: DraftBatch, logits: Any, drafts: list[list[int]], span: Any = None
) -> list[list[int]]:
    """The new tokens of each page of a step; ``drafts``: of each page."""
    layout = layout_of([len(own) for own in drafts], "cpu")
    drafted = torch.tensor([token for own in drafts for token in (0, *own)], dtype=torch.int32)
    slots = torch.arange(len(drafts))
    best = batch.best_tokens(logits, drafted, slots, layout, span)
    none = torch.full((len(drafts),), NONE, dtype=torch.int32)
    kept = torch.zeros(len(drafts), dtype=torch.bool)
    verified = batch.settle(best, drafted, slots, layout, forced=none, discarded=kept)
    new = [[token for token in row if token != NONE] for row in verified.tokens.tolist()]
    assert verified.counts.tolist() == [len(own) for own in new]
    assert verified.newest.tolist() == [own[-1] for own in new]
    return new


def logits_of(tokens: list[int]) -> Any:
    """Rows of logits whose largest are ``tokens``."""
    return torch.nn.functional.one_hot(torch.tensor(tokens), VOCABULARY).float()


@OPERATIONS
def test_drafts_are_accepted_up_to_the_first_other_token(way: Any) -> None:
    batch = DraftBatch(3, 50, COUNT, "cpu", way)
    batch.open([0, 1, 2], [Page()] * 3, [()] * 3)
    # Three pages: two drafts of which one is right, none, and one that is right.
    new = tokens_of_step(batch, logits_of([5, 7, 1, 3, 8, 2]), [[5, 6], [], [8]])
    assert new == [[5, 7], [3], [8, 2]]


@OPERATIONS
def test_a_discarded_page_keeps_its_answer_and_a_random_one_gets_its_token(way: Any) -> None:
    batch = DraftBatch(2, 50, COUNT, "cpu", way)
    batch.open([0, 1], [Page([5, 1, 2])] * 2, [(5, 1), (5, 1)])
    layout = layout_of([0, 0], "cpu")
    slots, drafted = torch.arange(2), torch.zeros(2, dtype=torch.int32)
    best = batch.best_tokens(logits_of([3, 3]), drafted, slots, layout, None)
    verified = batch.settle(
        best, drafted, slots, layout,
        forced=torch.tensor([NONE, 1], dtype=torch.int32),
        discarded=torch.tensor([True, False]),
    )  # fmt: skip
    assert verified.tokens.tolist() == [[3], [1]]
    assert verified.counts.tolist() == [0, 1]
    # The first page still ends with 5, 1; the second with 1, 1.
    assert batch.propose(slots, 50)[0, 0].item() == 2
    assert batch.propose(slots, 50)[1, 0].item() != 2


class Model:
    """A model whose most probable next token depends on the last tokens of the answer."""

    def __init__(self, seed: int, agreeing: list[int]) -> None:
        self._seed = seed
        self._agreeing = agreeing

    def logits(self, answer: list[int]) -> Any:
        chance = random.Random(f"{self._seed} {answer[-3:]} {len(answer) % 4}")
        values = torch.tensor([chance.random() for _ in range(VOCABULARY)])
        # Often it agrees with the known text, as a model that reads a page does.
        if len(answer) < len(self._agreeing) and chance.random() < 0.8:
            values[self._agreeing[len(answer)]] += 2
        return values


def plain_answer(model: Model, page: Page, length: int, way: Any) -> list[int]:
    """Token by token with the rule, as without drafts."""
    batch = DraftBatch(1, 200, COUNT, "cpu", way)
    batch.open([0], [page], [()])
    answer: list[int] = []
    while len(answer) < length:
        logits = model.logits(answer).unsqueeze(0)
        answer += tokens_of_step(batch, logits, [[]], rule_span([page]))[0]
    return answer


def rule_span(pages: list[Page]) -> Any:
    return span_of(page.rule for page in pages if page.rule is not None)


def drafted_answers(
    models: list[Model], pages: list[Page], length: int, chance: random.Random, way: Any
) -> tuple[list[list[int]], int]:
    """All pages in one batch with drafts, some of them paused at times; and the steps taken."""
    batch = DraftBatch(len(pages), 200, COUNT, "cpu", way)
    batch.open(range(len(pages)), pages, [()] * len(pages))
    answers: list[list[int]] = [[] for _ in pages]
    drafts: list[list[int]] = [[] for _ in pages]
    steps = 0
    while min(map(len, answers)) < length:
        steps += 1
        logits = [
            model.logits([*answer, *own[:place]])
            for model, answer, own in zip(models, answers, drafts, strict=True)
            for place in range(len(own) + 1)
        ]
        new = tokens_of_step(batch, torch.stack(logits), drafts, rule_span(pages))
        answers = [answer + own for answer, own in zip(answers, new, strict=True)]
        proposed = batch.propose(torch.arange(len(pages)), 200).tolist()
        drafts = [own[: chance.choice((0, COUNT, COUNT, 3))] for own in proposed]
    return [answer[:length] for answer in answers], steps


@given(
    seed=st.integers(0, 10_000),
    size=st.integers(2, 4),
    window=st.integers(5, 30),
    count=st.integers(1, 3),
)
@OPERATIONS
@settings(max_examples=EXAMPLES, deadline=None)
def test_answers_with_drafts_equal_those_without(
    way: Any, seed: int, size: int, window: int, count: int
) -> None:
    chance = random.Random(seed)
    texts = [[chance.randrange(VOCABULARY) for _ in range(40)] for _ in range(count)]
    pages = [Page(text, Rule(size, window, (3,))) for text in texts]
    models = [Model(seed + number, text) for number, text in enumerate(texts)]
    drafted, steps = drafted_answers(models, pages, 40, chance, way)
    wanted = [plain_answer(model, page, 40, way) for model, page in zip(models, pages, strict=True)]
    assert drafted == wanted
    assert steps <= 40


@OPERATIONS
def test_a_known_text_is_drafted_and_accepted(way: Any) -> None:
    text = [token % VOCABULARY for token in range(40)]
    page = Page(text)
    _, steps = drafted_answers([_Exact(text)], [page], 40, _AlwaysAll(), way)
    assert steps <= 2 + 40 // (COUNT + 1)


@OPERATIONS
def test_one_replaced_token_costs_one_step(way: Any) -> None:
    text = [random.Random(5).randrange(VOCABULARY) for _ in range(40)]
    answer = [*text[:20], (text[20] + 1) % VOCABULARY, *text[21:]]
    _, steps = drafted_answers([_Exact(answer)], [Page(text)], 40, _AlwaysAll(), way)
    assert steps <= 3 + 40 // (COUNT + 1)


class _Exact(Model):
    def __init__(self, answer: list[int]) -> None:
        super().__init__(0, answer)

    def logits(self, answer: list[int]) -> Any:
        values = torch.zeros(VOCABULARY)
        values[self._agreeing[min(len(answer), len(self._agreeing) - 1)]] = 1
        return values


class _AlwaysAll(random.Random):
    def choice(self, seq: Any) -> Any:
        return COUNT


@OPERATIONS
def test_a_replayed_answer_is_given_whatever_the_model_computes(way: Any) -> None:
    replay = [5, 6, 7, 8, 9, 5, 6]
    batch = DraftBatch(1, 50, COUNT, "cpu", way)
    batch.open([0], [Page(replay, None, replay)], [()])
    answer: list[int] = []
    drafts: list[int] = []
    while len(answer) < len(replay):
        logits = torch.rand(len(drafts) + 1, VOCABULARY)
        answer += tokens_of_step(batch, logits, [drafts])[0]
        drafts = batch.propose(torch.tensor([0]), 50)[0].tolist()
    assert answer[: len(replay)] == replay


@given(seed=st.integers(0, 10_000))
@settings(max_examples=EXAMPLES, deadline=None)
def test_all_ways_propose_the_same_drafts(seed: int) -> None:
    chance = random.Random(seed)
    ways = [DraftBatch(3, 120, COUNT, "cpu", way) for way in operations()]
    if len(ways) == 1:
        pytest.skip("the kernels need Triton's interpreter: make test-vllm")
    texts = [[chance.randrange(6) for _ in range(chance.randrange(60))] for _ in range(3)]
    outputs = [[chance.randrange(6) for _ in range(chance.randrange(40))] for _ in range(3)]
    for batch in ways:
        batch.open([0, 1, 2], [Page(text) for text in texts], outputs)
    for _ in range(8):
        proposed = [batch.propose(torch.arange(3), 120).tolist() for batch in ways]
        assert proposed[0] == proposed[1]
        drafts = [own[: chance.choice((0, 2, COUNT))] for own in proposed[0]]
        logits = torch.rand(sum(map(len, drafts)) + 3, 6)
        steps = [tokens_of_step(batch, logits.clone(), drafts) for batch in ways]
        assert steps[0] == steps[1]
