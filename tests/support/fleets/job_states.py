"""The states and transitions of docs/adr/0002-purge-cancel-submit.md, read from its tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from shared.domain.records.job import Done
from shared.jobs.job_store import missing_pages
from tests.support.fleets.stepped_fleet import SteppedFleet
from tests.support.paths import ROOT

ADR = ROOT / "docs" / "adr" / "0002-purge-cancel-submit.md"
ANY = "any"


@dataclass(frozen=True)
class Observation:
    """What the store and the broker hold about a job, in the words of the table of states."""

    manifest: str
    marker: str
    done: str
    broker: str
    pages: str

    def fits(self, pattern: "Observation") -> bool:
        """Whether each word is one of the pattern's words for it."""
        pairs = zip(vars(self).values(), vars(pattern).values(), strict=True)
        return all(words == ANY or word in words.split(" or ") for word, words in pairs)


class Write(NamedTuple):
    """A call to the store or the broker that changed the state of a job."""

    before: str
    call: str
    after: str


def observe(fleet: SteppedFleet, job_id: str) -> Observation:
    """The job as it is now; not called from an actor, so it is no step."""
    jobs = fleet.jobs
    manifest, marker, done = jobs.manifest(job_id), jobs.marker(job_id), jobs.done(job_id)
    missing = manifest is None or missing_pages(manifest, jobs.page_states(job_id))
    return Observation(
        manifest="yes" if manifest else "no",
        marker="none" if marker is None else "purge" if marker.is_purge else "open",
        done="none" if done is None else _ending(done),
        broker=fleet.dispatch_state.jobs.state(job_id) or "none",
        pages="missing" if missing else "all",
    )


def _ending(done: Done) -> str:
    if done.status == "cancelled":
        return "cancelled"
    return "failures" if done.counts.failed else "clean"


def states() -> dict[str, Observation]:
    """The table of states; the first row that fits names the state."""
    return {name: Observation(*words) for name, *words in _rows("States")}


def state_of(observation: Observation) -> str:
    """The state's name; raises AssertionError for what the table does not know."""
    for name, pattern in states().items():
        if observation.fits(pattern):
            return name
    raise AssertionError(f"no state of {ADR.name} fits {observation}")


def transitions() -> dict[tuple[str, str], str]:
    """(state, event) -> the next state; "refused" where the command reports an error."""
    header, *rows = _rows("Transitions", header=True)
    return {
        (row[0], event): row[0] if cell == "" else cell
        for row in rows
        for event, cell in zip(header[1:], row[1:], strict=True)
    }


def writes() -> dict[str, set[Write]]:
    """Each event's writes that change the state."""
    table: dict[str, set[Write]] = {}
    for events, write, before, after in _rows("Writes"):
        for event in events.split(", "):
            for state in before.split(", "):
                table.setdefault(event, set()).add(Write(state, write, after))
    return table


def _rows(section: str, *, header: bool = False) -> Iterator[list[str]]:
    """The rows of the first table below a heading, without backquotes."""
    text = ADR.read_text().split(f"### {section}\n", 1)[1].split("\n### ", 1)[0]
    lines = re.findall(r"^\|(.*)\|$", text, re.MULTILINE)
    cells = [[cell.strip().replace("`", "") for cell in line.split("|")] for line in lines]
    yield from cells[:1] if header else []
    yield from cells[2:]
