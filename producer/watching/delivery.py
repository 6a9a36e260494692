"""Writes what came out of a job beside each other: figures, JSON, Markdown, in this order.

The Markdown is the last, so whoever sees it sees everything it refers to.
"""

from urllib.parse import quote

from producer.watching.places.place import Outbox
from shared.document import assemble
from shared.domain import object_keys
from shared.domain.errors import NotFound
from shared.domain.page_ranges import expand
from shared.domain.records import Manifest, RenderOptions
from shared.jobs.job_store import JobStore, selected


def deliver(
    jobs: JobStore, manifest: Manifest, render: RenderOptions, outbox: Outbox, key: str
) -> None:
    """Write ``key``/figures/ and the document's files; the same bytes each time."""
    states = jobs.page_states(manifest.job_id)
    results = jobs.results(manifest.job_id, expand(selected(manifest)), states)
    base = f"{quote(key.rpartition('/')[2])}/"
    document = assemble(manifest, results, render, figure_base=base)
    _write_figures(jobs, manifest, outbox, key)
    for suffix, file in document.files.items():
        outbox.write(f"{key}.{suffix}", file.data)


def _write_figures(jobs: JobStore, manifest: Manifest, outbox: Outbox, key: str) -> None:
    for stored in jobs.store.list(object_keys.figures(manifest.job_id)):
        name = stored.rsplit("/", 1)[1]
        if not object_keys.is_figure_name(name):
            continue
        try:
            data = jobs.store.get(stored)
        except NotFound:
            continue
        outbox.write(f"{key}/figures/{name}", data)
