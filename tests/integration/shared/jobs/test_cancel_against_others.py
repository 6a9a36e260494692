"""A cancel whose requests arrive late, or which runs beside another cancel, does no damage."""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from shared.domain import object_keys
from shared.domain.records.job import Manifest
from shared.domain.records.page_result import ErrorInfo
from shared.jobs.cancelling import cancel_job
from shared.jobs.job_store import JobStore
from tests.integration.shared.jobs.test_cancel_against_submit import (
    LAST,
    half_read,
    new_folder,
    read,
    steps,
)
from tests.support.fleets.ledger_check import check_job
from tests.support.fleets.moments import sampled, stride
from tests.support.fleets.stepped_fleet import SteppedFleet
from tests.support.fleets.stepping import Actor
from tests.support.fleets.stored_jobs import page_result

Command = Callable[[SteppedFleet, Manifest], Actor]
#: Steps of a command after it has undone the cancel.
MOMENTS = 12
#: All pairs would take minutes; no divisor of MOMENTS, so that each number of steps occurs.
EVERY = 23
COMMANDS: dict[str, Command] = {
    "submit": lambda fleet, manifest: fleet.submit(2, "normal"),
    "retry": lambda fleet, manifest: fleet.retry(manifest),
}


class OnTheWay:
    """Requests of a cancel's last batch that reach the store late."""

    def __init__(self, fleet: SteppedFleet) -> None:
        self._store = fleet.store
        self._held: list[Callable[[], object]] = []

    def hold(self, cancel: Actor) -> None:
        """Run until the cancel has sent its records; none of them arrives."""
        inner = self._store._store
        self._store._store = self
        try:
            self._inner = inner
            while not self._held:
                cancel.step()
        finally:
            self._store._store = inner

    def arrive(self) -> None:
        while self._held:
            self._held.pop()()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)

        def called(*arguments: Any, **options: Any) -> Any:
            if name in ("put", "put_new") and arguments[0].endswith(".failed.json"):
                self._held.append(lambda: found(*arguments))
                return True
            return found(*arguments, **options)

        return called


def reduce_all(fleet: SteppedFleet) -> None:
    while (actor := fleet.reduce()) is not None:
        actor.run_out()


def until_taken_back(fleet: SteppedFleet, manifest: Manifest, command: Actor) -> None:
    """Run a command until neither store nor broker says that the job was cancelled."""
    while fleet.dispatch_state.jobs.state(manifest.job_id) in ("cancelled", "ended") or any(
        key.endswith(".failed.json") for key in fleet.store.list(object_keys.pages(manifest.job_id))
    ):
        command.step()


def every_moment() -> Iterator[tuple[int, int]]:
    """Steps before records arrive, and from then on until the first reducer runs."""
    return sampled(product(range(MOMENTS), range(MOMENTS)), EVERY)


def arrives(fleet: SteppedFleet, late: OnTheWay, command: Actor, moment: tuple[int, int]) -> None:
    """Have the records arrive during a command, which then ends with reducers between its steps."""
    steps(command, moment[0])
    late.arrive()
    steps(command, moment[1])
    reduce_all(fleet)
    while not command.ended:
        command.step()
        reduce_all(fleet)


def read_on(fleet: SteppedFleet) -> None:
    """Run until nothing is left to do, with the same failures as before."""
    for worker in fleet.workers:
        if worker.actor is not None:
            worker.actor.run_out()
    while read(fleet) or fleet.wire.reduce_waits():
        reduce_all(fleet)


def test_pages_whose_cancel_records_arrive_during_a_resume_are_read(
    redis_url: str, tmp_path: Path
) -> None:
    for number, moment in enumerate(every_moment()):
        fleet, manifest = half_read(redis_url, new_folder(tmp_path, number))
        cancel, late = fleet.cancel(manifest), OnTheWay(fleet)
        late.hold(cancel)
        submit = fleet.submit(2, "normal")
        until_taken_back(fleet, manifest, submit)
        arrives(fleet, late, submit, moment)
        cancel.run_out()
        fleet.settle()

        assert check_job(fleet.store, manifest.job_id).status == "ok", moment
        assert max(fleet.reader.reads.values()) <= 2


@pytest.mark.parametrize("command", COMMANDS)
def test_pages_whose_records_by_a_second_cancel_arrive_during_a_resume_are_read(
    redis_url: str, tmp_path: Path, command: str
) -> None:
    for number, moment in enumerate(every_moment()):
        fleet, manifest = half_read(redis_url, new_folder(tmp_path, number))
        first, late = fleet.cancel(manifest), OnTheWay(fleet)
        second = fleet.cancel(manifest)
        late.hold(second)
        first.run_out()
        assert fleet.store.exists(object_keys.done(manifest.job_id))
        taking_up = COMMANDS[command](fleet, manifest)
        until_taken_back(fleet, manifest, taking_up)
        arrives(fleet, late, taking_up, moment)
        second.run_out()
        fleet.settle()

        assert check_job(fleet.store, manifest.job_id).status == "ok", moment


@pytest.mark.parametrize("known", [True, False], ids=["known to the broker", "forgotten"])
def test_a_second_cancel_does_not_change_a_job_that_was_resumed_and_has_ended(
    redis_url: str, tmp_path: Path, known: bool
) -> None:
    for count in range(1, LAST, stride(5)):
        fleet, manifest = half_read(redis_url, new_folder(tmp_path, count))
        second = fleet.cancel(manifest)
        going = steps(second, count)
        fleet.cancel(manifest).run_out()
        fleet.reader.failing = {5}
        fleet.submit(2, "normal").run_out()
        read_on(fleet)
        before = pages(fleet, manifest)
        assert check_job(fleet.store, manifest.job_id).failed == {5: "engine_failed"}
        if not known:
            fleet.client.delete(f"pagefleet:job:{manifest.job_id}")
        second.run_out()

        assert pages(fleet, manifest) == before, f"after {count} steps"
        fleet.settle()
        assert check_job(fleet.store, manifest.job_id).failed == {5: "engine_failed"}
        if not going:
            return
    raise AssertionError("a cancel has more steps than were tried")


def pages(fleet: SteppedFleet, manifest: Manifest) -> dict[str, bytes]:
    return {
        key: fleet.store.get(key) for key in fleet.store.list(object_keys.pages(manifest.job_id))
    }


@pytest.mark.parametrize("lost", ["the job", "everything"])
def test_a_cancel_ends_the_job_although_the_broker_loses_its_state(
    redis_url: str, tmp_path: Path, lost: str
) -> None:
    for count in range(1, LAST, stride(5)):
        fleet, manifest = half_read(redis_url, new_folder(tmp_path, count))
        cancel = fleet.cancel(manifest)
        while fleet.dispatch_state.jobs.state(manifest.job_id) == "open":
            cancel.step()
        going = steps(cancel, count)
        if lost == "everything":
            fleet.wipe()
        else:
            fleet.client.delete(f"pagefleet:job:{manifest.job_id}")
        cancel.run_out()
        assert fleet.store.exists(object_keys.done(manifest.job_id)), f"after {count} steps"
        fleet.settle()

        assert check_job(fleet.store, manifest.job_id).status == "cancelled"
        if not going:
            assert count > 5
            return
    raise AssertionError("a cancel has more steps than were tried")


def test_a_sweeper_does_not_open_a_job_whose_cancelled_state_was_lost_between_two_batches(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.jobs.cancelling.READERS", 2)
    fleet, manifest = half_read(redis_url, tmp_path)
    cancel = fleet.cancel(manifest)
    while not any(key.endswith(".failed.json") for key in pages(fleet, manifest)):
        cancel.step()
    fleet.wipe()
    records = len(pages(fleet, manifest))
    while len(pages(fleet, manifest)) == records:
        cancel.step()

    fleet.sweep(0).run_out()
    cancel.run_out()

    assert fleet.dispatch_state.jobs.state(manifest.job_id) == "ended"
    assert check_job(fleet.store, manifest.job_id).status == "cancelled"


def test_the_state_cancelled_is_extended_while_pages_are_recorded(
    redis_url: str, tmp_path: Path
) -> None:
    fleet, manifest = half_read(redis_url, tmp_path)
    cancel, job = fleet.cancel(manifest), f"pagefleet:job:{manifest.job_id}"
    while fleet.dispatch_state.jobs.state(manifest.job_id) == "open":
        cancel.step()
    fleet.client.expire(job, 60)

    while not any(key.endswith(".failed.json") for key in pages(fleet, manifest)):
        cancel.step()

    assert fleet.client.ttl(job) > 60


def test_a_sweeper_that_saw_a_cancel_leaves_the_job_alone_after_a_resume(
    redis_url: str, tmp_path: Path
) -> None:
    for count in range(0, LAST, stride(5)):
        fleet, manifest = half_read(redis_url, new_folder(tmp_path, count))
        fleet.dispatch_state.jobs.cancel(manifest.job_id)
        sweep = fleet.sweep(0)
        going = steps(sweep, count)
        fleet.submit(2, "normal").run_out()
        sweep.run_out()
        fleet.settle()

        assert check_job(fleet.store, manifest.job_id).status == "ok", f"after {count} steps"
        if not going:
            assert count > 8
            return
    raise AssertionError("a sweep has more steps than were tried")


def test_a_cancel_does_not_change_a_job_that_has_just_ended(redis_url: str, tmp_path: Path) -> None:
    fleet, manifest = half_read(redis_url, tmp_path)
    while fleet.wire.reduce_waits() is False:
        assert read(fleet) or fleet.workers[1].busy
        if fleet.workers[1].actor is not None:
            fleet.workers[1].actor.run_out()
    reducer = fleet.reduce()
    while not fleet.store.exists(object_keys.done(manifest.job_id)):
        assert reducer is not None
        reducer.step()
    assert fleet.dispatch_state.jobs.state(manifest.job_id) == "open"

    assert cancel_job(manifest, fleet.jobs, fleet.dispatch_state, 0.0).status == "ok"


def test_a_cancel_ends_a_job_whose_submission_died_half_way(redis_url: str, tmp_path: Path) -> None:
    fleet, manifest = half_read(redis_url, tmp_path)
    fleet.cancel(manifest).run_out()
    submit = fleet.submit(2, "normal")
    while fleet.dispatch_state.jobs.state(manifest.job_id) == "ended":
        submit.step()
    submit.die()

    assert cancel_job(manifest, fleet.jobs, fleet.dispatch_state, 0.0).status == "cancelled"

    fleet.settle()
    assert check_job(fleet.store, manifest.job_id).status == "cancelled"


def test_a_replaced_failure_does_not_undo_the_cancel(redis_url: str, tmp_path: Path) -> None:
    fleet, manifest = half_read(redis_url, tmp_path)
    write_failure(fleet.jobs, manifest, "at first")
    cancel = fleet.cancel(manifest)
    while not fleet.store.exists(object_keys.done(manifest.job_id)):
        cancel.step()

    write_failure(fleet.jobs, manifest, "at last")
    cancel.run_out()

    assert check_job(fleet.store, manifest.job_id).status == "cancelled"
    assert b"at last" in fleet.store.get(object_keys.document(manifest.job_id, "json"))


def write_failure(jobs: JobStore, manifest: Manifest, message: str) -> None:
    error = ErrorInfo(code="engine_failed", message=message)
    jobs.write_result(page_result(manifest, 5, status="failed", error=error))
