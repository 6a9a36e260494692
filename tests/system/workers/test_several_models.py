"""Workers of several models and revisions in one fleet: each page goes to workers of its model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain.pools import Pool
from tests.support.fleets.fleet import Fleet, fleet, pdf, wait_until, workers

PINNED = Pool("fake", "another", "v1").id


@contextmanager
def workers_of(made: Fleet, folder: Path, **values: str) -> Iterator[None]:
    """Further workers of the fleet, with other settings."""
    own = {"home": folder / "other", "store": made.settings.store_url, **values}
    settings = made.settings.model_copy(update=own)
    with workers(settings, folder / "others.log", "--roles", "pages"):
        yield


def test_pages_of_another_model_wait_for_its_workers_and_delay_no_other_job(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path, max_concurrency=2, num_workers=1, fake_render=False) as made:
        wait_until(lambda: "ready: engine" in (tmp_path / "workers.log").read_text())
        pinned = ["--model", "another", "--revision", "v1"]
        submitted = made("submit", str(pdf(tmp_path / "a.pdf", 40)), *pinned)
        job_id = submitted.out.strip()
        own = made("submit", str(pdf(tmp_path / "own.pdf", 3, title="own")))
        assert made("wait", own.out.strip(), "--timeout", "60").status == 0

        waiting = made("status", job_id)
        assert "0/40 pages" in waiting.out
        assert "no live worker serves engine 'fake' with model another@v1" in submitted.err
        assert "--model another --revision v1" in waiting.err
        assert "no live worker" not in own.err
        state = DispatchState(made.settings)
        assert state.pages.outstanding(PINNED) == 8, "the number that KEDA scales on"
        assert f"pages wait in {PINNED} without workers" in made("doctor").out

        with workers_of(made, tmp_path, model="another", revision="v1"):
            assert made("wait", job_id, "--timeout", "60").status == 0
            (listed,) = [each for each in made("pools", "--json").lines if each["pool"] == PINNED]
        assert (listed["model"], listed["revision"], listed["workers"]) == ("another", "v1", 1)
        assert "belongs to pool" not in (tmp_path / "workers.log").read_text()
        state.close()


@pytest.fixture(scope="module")
def pinned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet whose workers serve a revision, and whose setting names two pools more."""
    values = {"revision": "v1", "pools": "vllm:a/b@main,cpu", "sweep_interval_s": 0.5}
    with fleet(
        tmp_path_factory.mktemp("pinned"), fake_render=False, num_workers=1, **values
    ) as made:
        yield made


def test_workers_declare_their_pool_and_the_sweeper_those_of_the_setting(pinned: Fleet) -> None:
    state = DispatchState(pinned.settings)
    wait_until(lambda: len(state.pools.declared()) == 3)
    declared = {str(each.pool) for each in state.pools.declared()}
    state.close()

    assert declared == {"cpu:ppocrv6-small", "fake:fake-1@v1", "vllm:a/b@main"}


def test_the_revision_is_shown_with_the_results(pinned: Fleet, tmp_path: Path) -> None:
    source = str(pdf(tmp_path / "a.pdf", 2))
    (outcome,) = pinned("submit", source, "--wait", "--json").lines
    job_id = outcome["job_id"]
    (status,) = pinned("status", job_id, "--json").lines
    fetched = pinned("fetch", job_id, "-o", str(tmp_path / "out"))
    other = pinned("submit", source, "--revision", "v2")

    assert outcome["counts"]["ok"] == 2
    assert (status["revision"], status["pool"]) == ("v1", Pool("fake", "fake-1", "v1").id)
    assert fetched.status == 0
    text = (tmp_path / "out" / "a.json").read_text()
    assert text.count('"revision":"v1"') == 3, "of the options and of each page"
    assert other.out.strip() != job_id, "another revision is another job"


def test_a_job_that_an_earlier_release_put_into_the_wrong_pool_is_moved(tmp_path: Path) -> None:
    with fleet(tmp_path, max_concurrency=2, num_workers=1, fake_render=False) as made:
        log = tmp_path / "workers.log"
        wait_until(lambda: "ready: engine" in log.read_text())
        submitted = made("submit", str(pdf(tmp_path / "a.pdf", 20)), "--model", "another")
        job_id = submitted.out.strip()

        # As an earlier release does, which knows one pool for each engine.
        state = DispatchState(made.settings)
        Dispatcher(made.settings, state).publish(state.pages.move_job(job_id, "fake"))
        wait_until(lambda: "belongs to pool fake-another" in log.read_text())
        with workers_of(made, tmp_path, model="another"):
            ended = made("wait", job_id, "--timeout", "60")
        state.close()

        assert ended.status == 0
        assert "20/20 pages (20 ok" in made("status", job_id).out
