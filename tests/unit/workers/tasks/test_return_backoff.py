"""How long a page that only other workers can read occupies a slot, by a clock of the test."""

import pytest

from workers.tasks.return_backoff import SPACING_S, ReturnBackoff


def test_a_page_that_comes_back_before_any_other_pauses_longer() -> None:
    backoff = ReturnBackoff(clock=lambda: 7.0)

    assert [backoff.pause(page) for page in "abc"] == pytest.approx([0, SPACING_S, 2 * SPACING_S])
    assert backoff.pause("b") > 1
    # The other pages go round once more.
    assert [backoff.pause(page) > 1 for page in "acb"] == [False, False, True]


def test_the_pauses_of_a_single_page_differ_so_that_another_worker_can_get_it() -> None:
    backoff = ReturnBackoff()
    backoff.pause("a")

    pauses = [backoff.pause("a") for _ in range(20)]

    assert max(pauses) - min(pauses) > 0.5
    assert all(1 < pause < 10 for pause in pauses)


def test_pages_are_spaced_and_elapsed_time_counts_towards_the_spacing() -> None:
    now = [0.0]
    backoff = ReturnBackoff(clock=lambda: now[0])
    assert [backoff.pause(page) for page in "ab"] == pytest.approx([0, SPACING_S])
    now[0] = 60.0
    assert backoff.pause("c") == 0.0


def test_a_job_is_logged_once() -> None:
    backoff = ReturnBackoff()
    assert [backoff.should_log(job) for job in ("a", "a", "b", "a")] == [True, False, True, False]
