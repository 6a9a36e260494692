"""The code does what the tables of docs/adr/0002-purge-cancel-submit.md say, and nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleets.job_events import JobEvents, Refused
from tests.support.fleets.job_states import Write, observe, state_of, states, transitions, writes
from tests.support.fleets.stepped_fleet import SteppedFleet
from tests.support.fleets.stepping import Actor
from workers.maintenance.repairs import SweepTimings

pytestmark = pytest.mark.usefixtures("silent")

#: Every marker and job is old enough for the sweeper.
AT_ONCE = SweepTimings(stalled_after_s=-1.0, dead_submission_s=-1.0, dead_purge_s=-1.0)

#: One page.
DOCUMENT = 0
EVENTS = ("submit", "cancel", "retry", "purge", "reduce", "sweep")
#: How a job gets into each state: events that run to their end, or until they reach a state.
ROUTES: dict[str, tuple[tuple[str, str | None], ...]] = {
    "absent": (),
    "uploading": (("submit", "uploading"),),
    "stored": (("submit", "stored"),),
    "open": (("submit", None),),
    "read": (("submit", None), ("read", None)),
    "overwritten": (("submit", None), ("late purge", None)),
    "committed": (("submit", None), ("read", None), ("reduce", "committed")),
    "ended": (("submit", None), ("read", None), ("reduce", None)),
    "failed": (("submit", None), ("fail", None), ("reduce", None)),
    "cancelling": (("submit", None), ("cancel", "cancelling")),
    "cancel committed": (("submit", None), ("cancel", "cancel committed")),
    "cancelled": (("submit", None), ("cancel", None)),
    "purging": (("submit", None), ("read", None), ("reduce", None), ("purge", "purging")),
}


class Stage:
    """A fleet with one job, brought into a state by real commands and processes."""

    def __init__(self, redis_url: str, folder: Path, job_id: str) -> None:
        self.fleet = SteppedFleet(redis_url, folder, AT_ONCE)
        self.fleet.client.flushall()
        self.job_id = job_id
        self.events = JobEvents(self.fleet, job_id, DOCUMENT)

    @property
    def state(self) -> str:
        """The state of the job now."""
        return state_of(observe(self.fleet, self.job_id))

    def prepare(self, state: str) -> None:
        """Bring the job into ``state``; a process on its way there dies when it is reached."""
        for name, until in ROUTES[state]:
            if name in ("read", "fail"):
                self._read(failing=name == "fail")
            elif name == "late purge":
                # A purge that was paused before this write, while the job was submitted again.
                self.fleet.jobs.mark_purging(self.job_id)
            else:
                self.play(self.events.begin(name), until)
        assert self.state == state

    def play(self, actor: Actor, until: str | None = None) -> list[Write]:
        """Run to the end, or up to the state ``until``; the calls that changed the state."""
        changes, before = [], self.state
        while not actor.ended and (until is None or before != until):
            call = actor.call
            actor.step()
            after = self.state
            if after != before:
                changes.append(Write(before, described(call), after))
            before = after
        if not actor.ended:
            actor.die()
        return changes

    def _read(self, failing: bool) -> None:
        """Workers process all queued pages."""
        self.fleet.reader.failing = {1} if failing else set()
        worker = self.fleet.workers[0]
        while self.fleet.deliver(worker, 0):
            assert worker.actor is not None
            worker.actor.run_out()


def described(call: str) -> str:
    """A call to the store by its name and first known key; a script of the broker by its name."""
    name, _, arguments = call.partition(" ")
    key = re.search(r"open/|job\.json|_DONE", arguments)
    return f"{name} {key.group()}" if key else name


def known_job_id(redis_url: str, folder: Path) -> str:
    """The id of the document's job."""
    stage = Stage(redis_url, folder, "")
    stage.events.submit().run_out()
    (manifest,) = stage.fleet.manifests()
    return manifest.job_id


def test_the_tables_are_complete() -> None:
    pairs = {(state, event) for state in states() for event in EVENTS}

    assert transitions().keys() == pairs
    assert ROUTES.keys() == states().keys()


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_changes_each_state_as_the_tables_say(
    redis_url: str, folders: Iterator[Path], event: str
) -> None:
    job_id = known_job_id(redis_url, next(folders))
    results: dict[str, str] = {}
    seen: set[Write] = set()
    for state in states():
        stage = Stage(redis_url, next(folders), job_id)
        stage.prepare(state)
        try:
            changes = stage.play(stage.events.begin(event))
        except Refused:
            results[state] = "refused"
            continue
        results[state] = stage.state
        seen.update(changes)

    expected = {state: after for (state, name), after in transitions().items() if name == event}
    assert results == expected
    assert seen == writes()[event]
