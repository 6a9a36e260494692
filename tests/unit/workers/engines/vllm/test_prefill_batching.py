"""When new pages have to wait for others before they enter the engine."""

from dataclasses import dataclass, field

import pytest

from workers.engines.vllm.plugin.prefill_batching import GROUP, LONGEST_WAIT, Gathering

PLACES = 256


@dataclass
class Page:
    is_prefill_chunk: bool = False


@dataclass
class Scheduler:
    """vLLM's, by the three things that are looked at."""

    running: list[Page] = field(default_factory=list)
    waiting: list[Page] = field(default_factory=list)
    max_num_running_reqs: int = PLACES


def pages(count: int) -> list[Page]:
    return [Page() for _ in range(count)]


def steps_held(scheduler: Scheduler, most: int = 1000) -> int:
    gathering, held = Gathering(), 0
    while gathering.holds(scheduler) and held < most:
        held += 1
    return held


def test_the_first_page_waits_for_nobody() -> None:
    assert steps_held(Scheduler(waiting=pages(1))) == 0


def test_a_full_group_enters_at_once() -> None:
    assert steps_held(Scheduler(running=pages(20), waiting=pages(GROUP))) == 0


def test_a_single_page_waits_a_bounded_time() -> None:
    assert steps_held(Scheduler(running=pages(20), waiting=pages(1))) == LONGEST_WAIT


def test_pages_wait_until_enough_places_are_free() -> None:
    many = pages(500)

    assert steps_held(Scheduler(running=pages(PLACES - GROUP + 1), waiting=many)) == LONGEST_WAIT
    assert steps_held(Scheduler(running=pages(PLACES - GROUP), waiting=many)) == 0


def test_without_a_free_place_or_a_waiting_page_nothing_is_held() -> None:
    assert steps_held(Scheduler(running=pages(PLACES), waiting=pages(3))) == 0
    assert steps_held(Scheduler(running=pages(3))) == 0


@pytest.mark.parametrize("places", [1, 4, 15])
def test_few_places_never_stand_empty(places: int) -> None:
    scheduler = Scheduler(pages(places - 1), pages(3), max_num_running_reqs=places)

    assert steps_held(scheduler) == 0


def test_a_small_engine_gathers_small_groups() -> None:
    one, two = (Scheduler(pages(9), pages(n), max_num_running_reqs=32) for n in (1, 2))

    assert (steps_held(one), steps_held(two)) == (LONGEST_WAIT, 0)


def test_a_page_that_has_entered_in_part_is_not_held() -> None:
    running = [*pages(20), Page(is_prefill_chunk=True)]

    assert steps_held(Scheduler(running=running, waiting=pages(1))) == 0


def test_the_wait_begins_anew_with_each_group() -> None:
    gathering, lonely = Gathering(), Scheduler(running=pages(20), waiting=pages(1))
    for _ in range(LONGEST_WAIT):
        assert gathering.holds(lonely)
    assert not gathering.holds(lonely)

    assert gathering.holds(lonely)
