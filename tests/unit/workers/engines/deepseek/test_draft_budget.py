"""Drafts pause where a page accepts few of them."""

from workers.engines.deepseek.drafts.budget import PAUSE, DraftBudget


def steps_with_drafts(accepted: int, steps: int) -> int:
    """How many of ``steps`` steps draft if each draft has ``accepted`` right tokens."""
    budget, drafted = DraftBudget(), 0
    for _ in range(steps):
        drafted += budget.drafts
        budget.observe(1 + accepted * budget.drafts)
    return drafted


def test_a_page_that_accepts_drafts_always_drafts() -> None:
    assert steps_with_drafts(3, 500) == 500


def test_a_page_that_accepts_none_drafts_ever_less() -> None:
    assert steps_with_drafts(0, 700) < 200
    assert steps_with_drafts(0, 1400) - steps_with_drafts(0, 700) < 70


def test_a_box_of_numbers_does_not_pause_drafts() -> None:
    budget = DraftBudget()
    for _ in range(20):
        for tokens in (9, 9, 9, *[2] * 6):
            assert budget.drafts
            budget.observe(tokens)


def test_drafts_are_tried_again_after_a_pause() -> None:
    budget = DraftBudget()
    while budget.drafts:
        budget.observe(1)
    for _ in range(PAUSE):
        assert not budget.drafts
        budget.observe(1)
    assert budget.drafts
