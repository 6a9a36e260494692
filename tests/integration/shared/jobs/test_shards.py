"""Which broker has a job, in the store: also after the list of brokers has changed."""

from pathlib import Path

import pytest

from shared.broker.shards.placement import hashed_shard
from shared.config.settings import Settings, build_settings
from shared.domain import object_keys
from shared.jobs.job_store import JobStore
from shared.jobs.shards import JobShards
from shared.storage.factory import open_store
from workers.maintenance.own_jobs import OwnJobs

JOBS = [f"{number:032x}-{'0' * 16}" for number in range(60)]


@pytest.fixture
def jobs(tmp_path: Path) -> JobStore:
    return JobStore(open_store(build_settings({"store": tmp_path.as_uri()})))


def sweeper(number: int, brokers: int) -> Settings:
    url = ",".join(f"redis://broker{each}/0" for each in range(brokers))
    return build_settings({"redis_url": url, "shard": number})


def test_a_longer_list_moves_no_job_and_gives_the_new_broker_its_share(jobs: JobStore) -> None:
    placed = {job: JobShards(jobs, 2).place(job) for job in JOBS}

    assert {job: JobShards(jobs, 3).find(job) for job in JOBS} == placed
    hashed = {job: hashed_shard(job, 3) for job in JOBS}
    assert {hashed[job] for job in JOBS if hashed[job] != placed[job]} == {2}


def test_a_second_submission_gets_the_shard_of_the_first(jobs: JobStore) -> None:
    moved = next(job for job in JOBS if hashed_shard(job, 3) == 2)
    first = JobShards(jobs, 2).place(moved)

    assert JobShards(jobs, 3).place(moved) == first


def test_a_job_from_before_the_list_is_of_the_first_broker(jobs: JobStore) -> None:
    old = next(job for job in JOBS if hashed_shard(job, 2) == 1)
    jobs.store.put(object_keys.manifest(old), b"{}")

    assert JobShards(jobs, 2).find(old) == 0
    assert OwnJobs(jobs, sweeper(0, 2)).has(old)
    assert not OwnJobs(jobs, sweeper(1, 2)).has(old)


def test_each_job_has_one_sweeper_and_no_other_adopts_that_of_a_missing_broker(
    jobs: JobStore,
) -> None:
    number = JobShards(jobs, 3).place(next(job for job in JOBS if hashed_shard(job, 3) == 2))
    job = next(job for job in JOBS if hashed_shard(job, 3) == 2)

    assert number == 2
    assert [OwnJobs(jobs, sweeper(each, 3)).has(job) for each in range(3)] == [False, False, True]
    assert [OwnJobs(jobs, sweeper(each, 2)).has(job) for each in range(2)] == [False, False]
    # After its end it is one more old job, which the first sweeper purges in time.
    assert [OwnJobs(jobs, sweeper(each, 2)).has_ended(job) for each in range(2)] == [True, False]


def test_a_job_that_was_purged_and_submitted_anew_is_read_again(jobs: JobStore) -> None:
    job, own = JOBS[0], OwnJobs(jobs, sweeper(0, 2))
    jobs.store.put(object_keys.shard(job), b"0\n")
    assert own.has(job)
    jobs.store.put(object_keys.shard(job), b"1\n")

    assert not own.has(job, fresh=True)
