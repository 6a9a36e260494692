"""Writes the outputs of a job: figures, then JSON, then Markdown.

The Markdown is written last, so everything that it links to exists when it appears.
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
    """Write ``key`` + .md, .json and /figures/; idempotent."""
    states = jobs.page_states(manifest.job_id)
    results = jobs.results(manifest.job_id, expand(selected(manifest)), states)
    base = f"{quote(key.rpartition('/')[2])}/"
    document = assemble(manifest, results, render, figure_base=base)
    _write_figures(jobs, manifest, outbox, key)
    outbox.write(f"{key}.json", document.json)
    outbox.write(f"{key}.md", document.markdown.encode())


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
