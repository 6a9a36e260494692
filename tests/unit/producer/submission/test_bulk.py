"""A stream of inputs is submitted in parallel, in constant memory, with results in order."""

import threading
from collections.abc import Iterator

import pytest

from producer.intake.input import Input
from producer.submission import bulk
from producer.submission.bulk import AHEAD, MAX_OUTAGES, submit_each
from shared.domain.errors import BrokerUnreachable, NotADocument


def inputs(number: int) -> Iterator[Input]:
    return (Input(f"{each}.pdf", "file") for each in range(number))


def test_results_have_the_order_of_the_inputs_although_the_first_is_the_slowest() -> None:
    last = threading.Event()

    def submit(input_: Input) -> str:
        if input_.word == "0.pdf":
            assert last.wait(10)
        if input_.word == "5.pdf":
            last.set()
        return input_.word

    assert [result for _, result in submit_each(submit, inputs(6))] == [
        f"{number}.pdf" for number in range(6)
    ]


def test_an_error_of_one_input_stops_no_other() -> None:
    def submit(input_: Input) -> str:
        if input_.word == "1.pdf":
            raise NotADocument("torn")
        return "done"

    results = [result for _, result in submit_each(submit, inputs(3))]

    assert (results[0], results[2]) == ("done", "done")
    assert isinstance(results[1], NotADocument)


def test_few_inputs_are_taken_before_their_turn() -> None:
    taken: list[str] = []

    def stream() -> Iterator[Input]:
        for each in inputs(10 * AHEAD):
            taken.append(each.word)
            yield each

    results = submit_each(lambda input_: input_.word, stream())
    most = 0
    for reported, _ in enumerate(results):
        most = max(most, len(taken) - reported)

    assert most <= AHEAD
    assert len(taken) == 10 * AHEAD


def test_after_outages_the_rest_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AHEAD", 1)
    tried: list[str] = []

    def submit(input_: Input) -> str:
        tried.append(input_.word)
        raise BrokerUnreachable("away")

    results = [result for _, result in submit_each(submit, inputs(9))]

    assert len(tried) == MAX_OUTAGES
    assert [str(result) for result in results] == ["away"] * 9
