"""``pagefleet wait``: waits until jobs have ended."""

import time
from collections.abc import Iterator
from dataclasses import replace

from producer.commands.outcome_printer import OutcomePrinter
from producer.connections import Connections
from producer.delivery.outcome import Outcome, ended, with_quality, without_quality
from producer.status.find_jobs import find_job
from producer.status.follow import Follower, follow
from producer.status.progress_bars import Bars, PageProgress
from shared.broker.job_state import JobProgress
from shared.config.settings import load_settings
from shared.domain import object_keys
from shared.domain.errors import WaitTimedOut
from shared.domain.formats.output_formats import MARKDOWN
from shared.domain.records.job import Done, Manifest


def wait_for_jobs(
    job_ids: tuple[str, ...], timeout_s: float | None, as_json: bool, min_quality: float | None
) -> int:
    """Print each job as it ends; raises WaitTimedOut."""
    connections = Connections(load_settings())
    manifests = {job_id: find_job(connections.jobs, job_id) for job_id in job_ids}
    printer = OutcomePrinter(as_json)
    open_ids = dict.fromkeys(manifests)
    with Bars() as bars:
        for job_id, done in follow_with_bars(connections, manifests, timeout_s, bars):
            del open_ids[job_id]
            outcome = stored_outcome(connections, job_id, manifests[job_id], done, min_quality)
            printer.print(outcome, bars)
    if open_ids:
        raise WaitTimedOut(
            f"{len(open_ids)} of {len(manifests)} jobs have not ended in {timeout_s:g} s: "
            f"{', '.join(open_ids)} (pagefleet status shows their progress)"
        )
    return printer.exit_code


def follow_with_bars(
    connections: Connections, manifests: dict[str, Manifest], timeout_s: float | None, bars: Bars
) -> Iterator[tuple[str, Done]]:
    """Yield each job as it ends; shows a bar for each open one."""
    follower = Follower(connections.jobs, connections.dispatch_state_or_none())
    deadline = None if timeout_s is None else time.monotonic() + timeout_s

    def show(job_id: str, progress: JobProgress) -> None:
        pages = PageProgress(progress.total, progress.done)
        bars.show(job_id, manifests[job_id].source.name, pages)

    for job_id, done in follow(follower, manifests, show, deadline):
        bars.end(job_id)
        yield job_id, done


def stored_outcome(
    connections: Connections,
    word: str,
    manifest: Manifest,
    done: Done,
    min_quality: float | None = None,
) -> Outcome:
    """The outcome of a job whose document stays in the store, and is read for ``min_quality``."""
    key = object_keys.document(manifest.job_id, MARKDOWN.suffix)
    markdown = f"{connections.store.url.rstrip('/')}/{key}"
    outcome = ended(word, manifest, done, markdown, connections.jobs)
    if min_quality is None:
        return outcome
    facts = connections.jobs.document_facts(manifest.job_id)
    if facts is None:
        return without_quality(outcome)
    return with_quality(replace(outcome, fallback=facts.fallback), facts.scores, min_quality)
