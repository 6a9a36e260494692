"""Pages of another model than a worker's own: they stay whole and keep nobody waiting."""

import time
from pathlib import Path

from pytest import approx

from tests.support.fleets.fleet import fleet, pdf, wait_until, workers
from workers.tasks.foreign_pages import REST_S, SPACING_S, ModelMismatchBackoff


def test_a_page_rests_when_it_comes_again_and_no_sooner() -> None:
    strangers = ModelMismatchBackoff(clock=lambda: 7.0)

    assert [strangers.pause(page) for page in "abc"] == approx([0, SPACING_S, 2 * SPACING_S])
    assert strangers.pause("b") == REST_S
    # The others go round once more.
    assert [strangers.pause(page) < REST_S for page in "acb"] == [True, True, False]


def test_they_pass_with_a_distance_that_time_makes_up_for() -> None:
    now = [0.0]
    strangers = ModelMismatchBackoff(clock=lambda: now[0])
    assert [strangers.pause(page) for page in "ab"] == approx([0, SPACING_S])
    now[0] = 60.0
    assert strangers.pause("c") == 0.0


def test_a_job_is_complained_of_once() -> None:
    strangers = ModelMismatchBackoff()
    assert [strangers.is_news(job) for job in ("a", "a", "b", "a")] == [True, False, True, False]


def test_a_job_of_another_model_keeps_no_other_waiting_and_is_told_of(tmp_path: Path) -> None:
    with fleet(tmp_path, max_concurrency=2) as made:
        wait_until(lambda: "ready: engine" in (tmp_path / "workers.log").read_text())
        foreign = str(pdf(tmp_path / "foreign.pdf", 40, title="foreign"))
        submitted = made("submit", foreign, "--model", "another")
        time.sleep(1)  # its pages are all over the queue
        own = made("submit", str(pdf(tmp_path / "own.pdf", 3, title="own")))

        # Held for their rest one after the other, they would take 100 seconds.
        wait_until(lambda: made("wait", own.out.strip(), "--timeout", "1").status == 0, 40)

        shown = made("status", submitted.out.strip())
        assert " waiting " in shown.out and "0/40 pages" in shown.out
        assert "no live worker of engine 'fake' has model another" in shown.err
        assert "has model another" in submitted.err and "has model" not in own.err
        log = (tmp_path / "workers.log").read_text()
        assert log.count("wants model another") == 1


def test_its_pages_are_read_once_a_worker_has_the_model(tmp_path: Path) -> None:
    with fleet(tmp_path, max_concurrency=2) as made:
        submitted = made("submit", str(pdf(tmp_path / "a.pdf", 20)), "--model", "another")
        log = tmp_path / "workers.log"
        wait_until(lambda: "wants model another" in log.read_text())
        other = made.settings.model_copy(update={"model": "another", "home": tmp_path / "other"})
        other = other.model_copy(update={"store": made.settings.store_url})

        with workers(other, tmp_path / "others.log"):
            ended = made("wait", submitted.out.strip(), "--timeout", "60")

        assert ended.status == 0
        assert "20/20 pages (20 ok" in made("status", submitted.out.strip()).out
