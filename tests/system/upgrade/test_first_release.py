"""The first release and this code share one broker and one store, as in a rolling upgrade."""

from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.config.settings import Settings
from shared.jobs.job_store import JobStore
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import CommandResult, in_process, pdf, wait_until, workers
from tests.support.packaging.first_release import (
    Release,
    ReleaseMissing,
    install_first_release,
)
from workers.maintenance.repairs import SweepTimings, make_repairs


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The first release, installed."""
    try:
        return install_first_release(tmp_path_factory.mktemp("release"))
    except ReleaseMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def common(redis_url: str, settings: SettingsFactory, tmp_path: Path) -> Settings:
    """The settings of both releases."""
    return settings(
        redis_url=redis_url,
        store=(tmp_path / "store").as_uri(),
        engine="fake",
        num_workers=1,
        sweep_interval_s=0.5,
    )


def submit(path: Path, pages: int) -> tuple[str, ...]:
    """The words that submit a new document and wait for it."""
    return "submit", str(pdf(path, pages, title=path.stem)), "--wait", "--json"


def ended_ok(result: CommandResult) -> str:
    """The id of the job, which ended without a failed page."""
    assert [line["status"] for line in result.lines] == ["ok"], result.err
    return str(result.lines[0]["job_id"])


def live(made: Settings) -> int:
    """Number of pages processes with a heartbeat."""
    return len(DispatchState(made).workers.live("fake"))


def refused(url: str) -> int:
    """Messages that a worker could not read."""
    with redis.Redis.from_url(url) as client:
        return int(client.llen("pagefleet:refused"))


def attempts(made: Settings, job_id: str) -> set[int]:
    """How many attempts the pages of a job took."""
    jobs = JobStore(open_store(made))
    states = jobs.page_states(job_id)
    return {each.attempts for each in jobs.results(job_id, sorted(states.all), states)}


def test_a_rollback_and_a_rolling_upgrade_end_every_job_of_both_releases(
    release: Release, common: Settings, redis_url: str, tmp_path: Path
) -> None:
    new_home = common.model_copy(update={"home": tmp_path / "new-home"})
    before_rollback = new_home.model_copy(update={"compatibility_level": 1})
    limited = in_process(before_rollback, "submit", str(pdf(tmp_path / "limited.pdf", 1)))
    # A job that the first release cannot read is open at a rollback.
    opened = in_process(new_home, "submit", str(pdf(tmp_path / "open.pdf", 6)))
    job_id, limited_id = opened.out.split()[0], limited.out.split()[0]
    with ExitStack() as new:
        with release.workers(common, tmp_path / "old.log"):
            wait_until(lambda: refused(redis_url) == 6)
            wait_until(lambda: live(common) == 1)
            # The producers are upgraded before the workers.
            words = submit(tmp_path / "early.pdf", 3)
            early = ended_ok(in_process(new_home, *words))
            new.enter_context(workers(new_home, tmp_path / "new.log"))
            wait_until(lambda: live(common) == 2)
            both = ended_ok(in_process(new_home, *submit(tmp_path / "both.pdf", 12)))
            with redis.Redis.from_url(redis_url) as client:
                marks = client.keys("pagefleet:attempts:*") + client.keys("pagefleet:suspicion:*")
            assert marks == []
        # The workers are upgraded before this producer.
        late = ended_ok(release(common, *submit(tmp_path / "late.pdf", 3)))
        again = in_process(new_home, *words)
        after = ended_ok(in_process(new_home, *submit(tmp_path / "after.pdf", 3)))
        send_lost_messages_again(new_home)
        ended = in_process(new_home, "wait", job_id, limited_id, "--timeout", "90")

    assert ended.status == 0, ended.err
    assert refused(redis_url) == 6, "messages were sent to the first release again and again"
    jobs = (job_id, limited_id, early, both, late, after)
    assert [attempts(common, job) for job in jobs] == [{1}] * 6
    # New jobs have longer ids where no worker of the first release lives and no rollback is near.
    assert [len(job) for job in jobs] == [49, 25, 25, 25, 25, 49]
    assert ended_ok(again) == early
    # The first release can use what was written for it.
    assert release(common, "fetch", early, "-o", str(tmp_path / "out")).status == 0


def send_lost_messages_again(made: Settings) -> None:
    """A round of the sweeper that waits less before it takes a message for lost."""
    dispatch_state = DispatchState(made)
    dispatcher, jobs = Dispatcher(made, dispatch_state), JobStore(open_store(made))
    repairs = make_repairs(
        jobs, dispatch_state, dispatcher, adopt=False, timings=SweepTimings(lost_after_s=0.0)
    )
    for repair in repairs:
        repair.run()
