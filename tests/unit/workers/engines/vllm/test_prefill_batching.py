"""When new pages wait for others before they enter the engine."""

from dataclasses import dataclass, field

import pytest

from workers.engines.vllm.plugin.prefill_batching import GROUP, LONGEST_WAIT, PrefillBatching

SLOTS = 256


@dataclass
class Page:
    is_prefill_chunk: bool = False


@dataclass
class Scheduler:
    """The three attributes of vLLM's scheduler that are used."""

    running: list[Page] = field(default_factory=list)
    waiting: list[Page] = field(default_factory=list)
    max_num_running_reqs: int = SLOTS


def pages(count: int) -> list[Page]:
    return [Page() for _ in range(count)]


def delayed_steps(scheduler: Scheduler, most: int = 1000) -> int:
    batching, steps = PrefillBatching(), 0
    while batching.delays(scheduler) and steps < most:
        steps += 1
    return steps


def test_the_first_page_does_not_wait() -> None:
    assert delayed_steps(Scheduler(waiting=pages(1))) == 0


def test_a_full_group_enters_at_once() -> None:
    assert delayed_steps(Scheduler(running=pages(20), waiting=pages(GROUP))) == 0


def test_a_single_page_waits_a_bounded_time() -> None:
    assert delayed_steps(Scheduler(running=pages(20), waiting=pages(1))) == LONGEST_WAIT


def test_pages_wait_until_slots_for_a_group_are_free() -> None:
    many = pages(500)

    assert delayed_steps(Scheduler(running=pages(SLOTS - GROUP + 1), waiting=many)) == LONGEST_WAIT
    assert delayed_steps(Scheduler(running=pages(SLOTS - GROUP), waiting=many)) == 0


def test_no_step_is_delayed_without_a_free_slot_or_a_waiting_page() -> None:
    assert delayed_steps(Scheduler(running=pages(SLOTS), waiting=pages(3))) == 0
    assert delayed_steps(Scheduler(running=pages(3))) == 0


@pytest.mark.parametrize("slots", [1, 4, 15])
def test_an_engine_with_few_slots_never_waits(slots: int) -> None:
    scheduler = Scheduler(pages(slots - 1), pages(3), max_num_running_reqs=slots)

    assert delayed_steps(scheduler) == 0


def test_a_small_engine_uses_small_groups() -> None:
    one, two = (Scheduler(pages(9), pages(n), max_num_running_reqs=32) for n in (1, 2))

    assert (delayed_steps(one), delayed_steps(two)) == (LONGEST_WAIT, 0)


def test_a_partly_prefilled_page_ends_the_wait() -> None:
    running = [*pages(20), Page(is_prefill_chunk=True)]

    assert delayed_steps(Scheduler(running=running, waiting=pages(1))) == 0


def test_the_wait_begins_anew_with_each_group() -> None:
    batching, single = PrefillBatching(), Scheduler(running=pages(20), waiting=pages(1))
    for _ in range(LONGEST_WAIT):
        assert batching.delays(single)
    assert not batching.delays(single)

    assert batching.delays(single)
