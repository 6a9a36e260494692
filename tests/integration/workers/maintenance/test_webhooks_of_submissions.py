"""Each submission of one job has its own name, labels and webhook."""

import json
from pathlib import Path

import pytest

from shared.config.settings import Settings
from shared.domain.submission_record import SubmissionRecord
from shared.jobs.job_store import JobStore
from shared.jobs.purging import purge
from shared.jobs.reduction import reduce_job
from shared.jobs.submissions import mark_all_due, record_submission
from shared.storage.factory import open_store
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import CommandResult, in_process, pdf, wait_until, workers
from tests.support.fleets.stored_jobs import ended_job
from tests.support.servers.webhook_receiver import Receiver, receiver
from workers.maintenance.webhooks import WebhookSender


@pytest.fixture
def local(settings: SettingsFactory) -> Settings:
    """Settings that allow the loopback and retry at once."""
    return settings(webhook_allow_private=True, webhook_retry_s=0.05)


def named(server: Receiver) -> list[tuple[str, dict[str, str]]]:
    bodies = [json.loads(call.body) for call in server.calls]
    return [(body["name"], body["labels"]) for body in bodies]


def settle(settings: Settings, jobs: JobStore) -> None:
    """Look for due webhooks, as the sweeper does, until none is due."""
    sender = WebhookSender(jobs, settings)

    def look() -> bool:
        sender.start_due()
        return not list(jobs.store.list("notify/"))

    wait_until(look, 20)


def test_every_submission_is_called_once_with_its_own_name_and_labels(
    settings: SettingsFactory, redis_url: str, tmp_path: Path
) -> None:
    config = settings(
        redis_url=redis_url, engine="fake", webhook_allow_private=True, sweep_interval_s=0.2
    )
    documents = [pdf(tmp_path / "salary of ann.pdf", 1)]
    for name in ("during.pdf", "after.pdf"):
        documents.append(tmp_path / name)
        documents[-1].write_bytes(documents[0].read_bytes())

    def submit(number: int, server: Receiver, *words: str) -> CommandResult:
        label = f"who={number}"
        hook = ["--webhook", server.url(), "--label", label]
        return in_process(config, "submit", str(documents[number]), *hook, *words)

    with receiver() as first, receiver() as second, receiver() as third:
        for _ in range(2):
            submit(0, first)
            submit(1, second)
        with workers(config, tmp_path / "log"):
            ended = submit(1, second, "--wait", "--json")
            submit(2, third, "--wait")
            submit(0, first, "--wait")
            wait_until(lambda: first.calls and second.calls and third.calls)
            store = open_store(config)
            wait_until(lambda: not list(store.list("notify/")))

    assert "ann" not in ended.out + ended.err
    assert named(first) == [("salary of ann.pdf", {"who": "0"})]
    assert named(second) == [("during.pdf", {"who": "1"})]
    assert named(third) == [("after.pdf", {"who": "2"})]


def test_a_job_that_runs_again_calls_every_submission_again(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver() as first, receiver([500, 200]) as second:
        manifest = ended_job(jobs, [{}, {"status": "failed"}], webhook=first.url())
        other = SubmissionRecord(name="other.pdf", webhook=second.url())
        record_submission(jobs, manifest.job_id, other)
        mark_all_due(jobs, manifest.job_id)
        settle(local, jobs)
        assert (len(first.calls), len(second.calls)) == (1, 2)
        mark_all_due(jobs, manifest.job_id)  # as a second reducer does
        settle(local, jobs)
        assert (len(first.calls), len(second.calls)) == (1, 2)

        jobs.reopen(manifest, [])
        reduce_job(jobs, manifest, cancelling=True)
        settle(local, jobs)

    assert (len(first.calls), len(second.calls)) == (2, 3)


def test_a_purge_removes_submissions_and_their_due_webhooks(local: Settings) -> None:
    jobs = JobStore(open_store(local))
    with receiver() as server:
        manifest = ended_job(jobs)
        other = SubmissionRecord(name="other.pdf", webhook=server.url())
        record_submission(jobs, manifest.job_id, other)
        mark_all_due(jobs, manifest.job_id)
        purge(jobs, manifest.job_id)
        settle(local, jobs)

    assert server.calls == []
    assert list(jobs.store.list("jobs/")) == []
