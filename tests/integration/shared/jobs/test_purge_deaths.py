"""A purge whose process is killed at any write: others complete it, and half a job is no job."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from producer.commands.change_jobs import purge_jobs
from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.config.settings import Settings
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import environment, in_process
from tests.support.fleets.killed_writer import SignalledWork, everything
from tests.support.fleets.moments import stride
from tests.support.fleets.stepped_fleet import SteppedFleet
from tests.support.fleets.stored_jobs import ended_job, page_result
from workers.maintenance.repairs import SweepTimings, make_repairs
from workers.maintenance.repairs.retention import purge_older
from workers.maintenance.sweeper import Sweeper

#: More than a purge has steps.
LAST = 40
RESULTS: tuple[dict[str, Any], ...] = (
    {},
    {"status": "failed", "error": {"code": "engine_failed", "message": "no"}},
)
NAMES = 9


def purge_at_once(settings: Settings, job_ids: tuple[str, ...], days: float | None) -> None:
    """``pagefleet purge``, which treats every unfinished purge as stalled."""
    with patch.dict(os.environ, environment(settings), clear=True):
        assert purge_jobs(job_ids, days, as_json=False, stalled_s=0.0) == 0


def adorn(jobs: JobStore, job_id: str) -> None:
    """Add what a job has besides its pages: a figure and a delivered webhook."""
    jobs.store.put(f"jobs/{job_id}/figures/000001-01-aabbccdd.png", b"png")
    jobs.store.put(f"jobs/{job_id}/_NOTIFIED", b"{}")


def purge_dies(jobs: JobStore, job_id: str, step: int) -> bool:
    """Purge in a process that is killed before that write; False where it ended before."""
    killed = SignalledWork(lambda struck: purge(struck, job_id), jobs.store, step).killed()
    assert killed or (step > NAMES and everything(jobs.store) == [])
    return killed


def half_purged(settings: Settings) -> Iterator[tuple[JobStore, str]]:
    """A job whose purge was killed before its first write, its third, and so on."""
    for step in range(1, LAST, stride(2)):
        jobs = JobStore(open_store(settings))
        job_id = ended_job(jobs, RESULTS).job_id
        adorn(jobs, job_id)
        if not purge_dies(jobs, job_id, step):
            return
        yield jobs, job_id
    raise AssertionError("a purge has more steps than were tried")


def is_whole(jobs: JobStore, job_id: str) -> bool:
    """True for a complete job, False for no job; anything else fails the test."""
    if jobs.manifest(job_id) is None:
        return False
    names = list(jobs.store.list(f"jobs/{job_id}/"))
    assert len(names) == NAMES, names
    return True


def test_commands_see_the_whole_job_or_none_and_purging_again_completes_it(
    store_settings: SettingsFactory,
) -> None:
    made = store_settings()
    for jobs, job_id in half_purged(made):
        whole = is_whole(jobs, job_id)
        listed = in_process(made, "list", "--json")
        assert [line["job_id"] for line in listed.lines] == [job_id] * whole
        assert (in_process(made, "status", job_id).status == 0) == whole

        if everything(jobs.store) != [f"open/{job_id}"]:
            purge_at_once(made, (job_id,), None)

        jobs.unmark_open(job_id)
        assert everything(jobs.store) == []


@pytest.mark.parametrize("who", ["older", "retention", "sweeper"])
def test_retention_and_the_sweeper_complete_a_purge_that_died(
    settings: SettingsFactory, redis_url: str, who: str
) -> None:
    made = settings(redis_url=redis_url)
    dispatch_state = DispatchState(made)
    for jobs, job_id in half_purged(made):
        if who == "sweeper":
            began = jobs.is_purging(job_id)
            dispatcher, timings = Dispatcher(made, dispatch_state), SweepTimings(dead_purge_s=-1.0)
            repairs = make_repairs(jobs, dispatch_state, dispatcher, adopt=True, timings=timings)
            Sweeper("s", dispatch_state, repairs, lock_s=5).sweep()
            assert (everything(jobs.store) == []) == began
            purge(jobs, job_id)
        elif who == "older":
            purge_at_once(made, (), 0.0)
        else:
            purge_older(jobs, 0, stalled_s=0.0)

        jobs.unmark_open(job_id)  # a marker without a job is left to the sweeper
        assert everything(jobs.store) == []
    dispatch_state.close()


def test_submitting_the_document_again_makes_a_new_job_or_finds_the_whole_job(
    redis_url: str, tmp_path: Path
) -> None:
    fleet = SteppedFleet(redis_url, tmp_path)
    for step in range(1, LAST, stride(2)):
        fleet.submit(0, "normal").run_out()
        (manifest,) = fleet.manifests()
        job_id = manifest.job_id
        fleet.jobs.write_result(page_result(manifest, 1, **RESULTS[1]))
        fleet.cancel(manifest).run_out()
        adorn(fleet.jobs, job_id)
        if not purge_dies(JobStore(open_store(fleet.settings)), job_id, step):
            return
        began = fleet.jobs.is_purging(job_id)

        fleet.submit(0, "normal").run_out()

        if began:
            folder = f"jobs/{job_id}/"
            assert everything(fleet.store) == [
                folder + "job.json", folder + "source.pdf", f"open/{job_id}"
            ]  # fmt: skip
            assert not fleet.jobs.is_purging(job_id)
        purge(fleet.jobs, job_id)
        fleet.client.flushall()
    raise AssertionError("a purge has more steps than were tried")
