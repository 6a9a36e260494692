"""How a page ends: after failures, outages, crashes, and with messages that are refused."""

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery.exceptions import Ignore
from prometheus_client import REGISTRY

from shared.broker.celery_app import make_app
from shared.broker.page_state import page_id
from shared.broker.queues import PAGE_TASK, page_queues
from shared.domain.errors import BrokerUnreachable, HelperUnavailable, StoreUnreachable
from shared.domain.records.messages import PageMessage
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.stepped_fleet import SteppedFleet
from workers.inflight.cancellation import Aborted, Reason, retry_through_outage
from workers.inflight.inflight_pages import InflightPage
from workers.inflight.page_end import PageEnd
from workers.process.pages_process import PageFailed, register
from workers.tasks.gate import Gate
from workers.tasks.messages import parse_message


@pytest.fixture
def fleet(redis_url: str, tmp_path: Path) -> SteppedFleet:
    return SteppedFleet(redis_url, tmp_path)


def test_a_failing_page_is_retried_up_to_the_limit_and_then_recorded_with_its_error(
    fleet: SteppedFleet,
) -> None:
    manifest = fleet.submitted(1)
    fleet.reader.failing = {2}

    fleet.work()

    checked = check_job(fleet.store, manifest.job_id)
    assert (checked.status, checked.failed) == ("partial", {2: "engine_failed"})
    assert fleet.reader.reads[page_id(manifest.job_id, 2)] == checked.attempts[2] == 2


@pytest.mark.parametrize(
    ("part", "method", "fault", "reason"),
    [
        ("reader", "read", HelperUnavailable("no process"), "machine_fault"),
        ("jobs", "write_result", ValueError("a bug"), "internal"),
    ],
)
def test_a_page_that_a_fault_returns_is_not_counted_as_drained(
    fleet: SteppedFleet,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    method: str,
    fault: Exception,
    reason: str,
) -> None:
    normal, faults = getattr(getattr(fleet, part), method), [fault]

    def failing_once(*arguments: object) -> object:
        if faults:
            raise faults.pop()
        return normal(*arguments)

    def returned(reason: str) -> float:
        labels = {"engine": "fake", "reason": reason}
        return REGISTRY.get_sample_value("pagefleet_pages_returned_total", labels) or 0.0

    before, drained = returned(reason), returned("drain")
    manifest = fleet.submitted()
    monkeypatch.setattr(getattr(fleet, part), method, failing_once)

    fleet.work()

    assert (returned(reason), returned("drain")) == (before + 1, drained)
    assert check_job(fleet.store, manifest.job_id).status == "ok"


def test_a_worker_names_the_fault_that_returned_its_page(
    fleet: SteppedFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> object:
        raise HelperUnavailable("no process")

    fleet.submitted()
    worker = fleet.workers[0]
    with monkeypatch.context() as patch:
        patch.setattr(fleet.reader, "read", broken)
        assert fleet.deliver(worker, 0)
        assert worker.actor is not None
        worker.actor.run_out()
    assert worker.observer.throughput.facts()["fault"] == "no process"

    fleet.work()
    assert "fault" not in worker.observer.throughput.facts()


def test_a_redelivered_message_of_a_page_that_was_stored_but_not_marked_is_not_read_again(
    fleet: SteppedFleet,
) -> None:
    manifest = fleet.submitted()
    worker = fleet.workers[0]
    assert fleet.deliver(worker, 0)
    assert worker.actor is not None
    while not list(fleet.store.list(f"jobs/{manifest.job_id}/pages/")):
        worker.actor.step()
    fleet.kill(worker)
    fleet.wire.publish(fleet.dispatch_state.pages.reclaim("fake", worker.name))

    fleet.work()

    assert check_job(fleet.store, manifest.job_id).status == "ok"
    assert fleet.reader.reads[page_id(manifest.job_id, 1)] == 1


def test_a_page_stored_while_the_broker_was_rebuilt_is_not_read_again(fleet: SteppedFleet) -> None:
    manifest = fleet.submitted()
    worker = fleet.workers[0]
    assert fleet.deliver(worker, 0)
    assert worker.actor is not None
    while not fleet.reader.reads:
        worker.actor.step()
    fleet.client.flushall()
    # The page is stored after the sweeper has listed the pages and opened the job.
    sweep = fleet.sweep(0)
    while fleet.dispatch_state.jobs.state(manifest.job_id) is None:
        sweep.step()
    while not list(fleet.store.list(f"jobs/{manifest.job_id}/pages/")):
        worker.actor.step()
    fleet.kill(worker)
    sweep.run_out()

    fleet.work()

    assert check_job(fleet.store, manifest.job_id).status == "ok"
    assert fleet.reader.reads[page_id(manifest.job_id, 1)] == 1


def test_messages_of_a_purged_job_are_dropped_and_write_nothing(fleet: SteppedFleet) -> None:
    manifest = fleet.submitted()
    fleet.work()
    fleet.purge(manifest).run_out()
    for message in list(fleet.wire.sent):
        fleet.wire.put(message)

    fleet.work()

    assert list(fleet.store.list("jobs/")) == []
    assert fleet.dispatch_state.pages.outstanding("fake") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"queue": "pages.fake"},
        {"queue": "pages.cpu.normal"},  # of another pool
        {"page": 0},
        {"extra": 1},
    ],
)
def test_a_message_of_another_schema_is_refused_and_stored(
    fleet: SteppedFleet, change: dict[str, object]
) -> None:
    plain = {
        "schema": 1, "job_id": "0123456789abcdef-01234567", "page": 1, "seq": 1,
        "queue": "pages.fake.normal",
    }  # fmt: skip

    queues = page_queues("fake")
    assert parse_message(PageMessage, plain, fleet.dispatch_state, queues) is not None
    assert parse_message(PageMessage, {**plain, **change}, fleet.dispatch_state, queues) is None

    (refused,) = fleet.client.lrange("pagefleet:refused", 0, -1)
    assert json.loads(refused) == {**plain, **change}


def test_celery_counts_only_a_page_that_is_done_as_a_success(fleet: SteppedFleet) -> None:
    ends = iter([PageEnd("done", "ok"), PageEnd("failed", "why"), PageEnd("released", "why")])
    task: Any = SimpleNamespace(handle=lambda message: next(ends))
    app = make_app(fleet.settings, page_queues("fake"))
    register(app, task, fleet.dispatch_state, page_queues("fake"))
    job_id, queue = "0123456789abcdef-01234567", "pages.fake.normal"
    message = PageMessage(job_id=job_id, page=1, seq=1, queue=queue).model_dump(by_alias=True)

    assert app.tasks[PAGE_TASK](message) == "ok"
    with pytest.raises(PageFailed, match="why"):
        app.tasks[PAGE_TASK](message)
    with pytest.raises(Ignore, match="why"):
        app.tasks[PAGE_TASK](message)


@pytest.mark.parametrize("outage", [StoreUnreachable, BrokerUnreachable])
def test_a_call_is_repeated_until_the_outage_ends(outage: type[Exception]) -> None:
    results = iter([outage("away"), outage("away"), "there"])
    errors: list[Exception] = []

    def operation() -> object:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    assert retry_through_outage(InflightPage("a"), operation, (outage,), errors.append) == "there"
    assert len(errors) == 2


def test_a_drain_ends_the_wait_for_a_service() -> None:
    inflight = InflightPage("a")
    threading.Timer(0.3, inflight.abort, (Reason.DRAIN,)).start()

    def away() -> None:
        raise StoreUnreachable("away")

    with pytest.raises(Aborted) as aborted:
        retry_through_outage(inflight, away, (StoreUnreachable,), lambda _: None)
    assert aborted.value.reason is Reason.DRAIN


def test_a_page_from_quarantine_runs_alone_and_other_pages_wait() -> None:
    gate, entered = Gate(), threading.Event()

    def neighbour() -> None:
        with gate.entered(InflightPage("b"), alone=False):
            entered.set()

    with gate.entered(InflightPage("a"), alone=True):
        assert gate.closed(alone=False)
        thread = threading.Thread(target=neighbour)
        thread.start()
        assert not entered.wait(0.2)
    assert entered.wait(5)
    thread.join()


@pytest.mark.parametrize("name", ["pages/000001.json", "pages/000001.failed.json", "_DONE"])
def test_an_empty_object_of_a_dead_writer_counts_as_missing(fleet: SteppedFleet, name: str) -> None:
    manifest = fleet.submitted()
    fleet.store.put(f"jobs/{manifest.job_id}/{name}", b"")

    fleet.settle()

    checked = check_job(fleet.store, manifest.job_id)
    assert (checked.status, checked.counts["ok"]) == ("ok", 1)


def waiting_pages() -> float:
    """Pages whose time in the queue was measured."""
    name, labels = "pagefleet_queue_wait_seconds_count", {"priority": "normal"}
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_page_of_a_newer_release_waits_for_another_worker_without_an_attempt(
    fleet: SteppedFleet,
) -> None:
    manifest = fleet.submitted()
    key = f"jobs/{manifest.job_id}/job.json"
    stored = fleet.store.get(key)
    fleet.store.put(key, json.dumps(json.loads(stored) | {"added_later": 1}).encode())
    worker, waits = fleet.workers[0], waiting_pages()
    assert fleet.deliver(worker, 0)
    assert worker.actor is not None
    worker.actor.run_out()

    page = page_id(manifest.job_id, 1)
    assert fleet.dispatch_state.pages.queued("pages.fake.normal") == [page]
    assert waiting_pages() == waits
    assert not fleet.client.keys("pagefleet:attempts:*")
    assert not fleet.client.keys("pagefleet:suspicion:*")

    # What reads it next is a worker of that release.
    fleet.store.put(key, stored)
    fleet.work()
    assert check_job(fleet.store, manifest.job_id).status == "ok"
    assert waiting_pages() == waits + 1
