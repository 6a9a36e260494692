"""How long a page that needs another model occupies a slot, by a clock of the test."""

import pytest

from workers.tasks.model_mismatch import REPEAT_PAUSE_S, SPACING_S, ModelMismatchBackoff


def test_a_page_that_comes_back_before_any_other_pauses_longer() -> None:
    backoff = ModelMismatchBackoff(clock=lambda: 7.0)

    assert [backoff.pause(page) for page in "abc"] == pytest.approx([0, SPACING_S, 2 * SPACING_S])
    assert backoff.pause("b") == REPEAT_PAUSE_S
    # The other pages go round once more.
    assert [backoff.pause(page) < REPEAT_PAUSE_S for page in "acb"] == [True, True, False]


def test_pages_are_spaced_and_elapsed_time_counts_towards_the_spacing() -> None:
    now = [0.0]
    backoff = ModelMismatchBackoff(clock=lambda: now[0])
    assert [backoff.pause(page) for page in "ab"] == pytest.approx([0, SPACING_S])
    now[0] = 60.0
    assert backoff.pause("c") == 0.0


def test_a_job_is_logged_once() -> None:
    backoff = ModelMismatchBackoff()
    assert [backoff.should_log(job) for job in ("a", "a", "b", "a")] == [True, False, True, False]
