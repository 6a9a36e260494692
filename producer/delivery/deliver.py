"""Exports a finished job into a folder and reports how its input ended."""

from producer.delivery.export import FinishedJob, export
from producer.delivery.folder_sink import FolderSink
from producer.delivery.outcome import Outcome, ended, undelivered
from shared.domain.output_formats import MARKDOWN
from shared.domain.records import Done


def deliver(word: str, job: FinishedJob, done: Done, sink: FolderSink, stem: str) -> Outcome:
    """Export the files and figures of ``stem``; any failure becomes the outcome of this input."""
    try:
        exported = export(job, sink, stem)
    except Exception as error:  # any failure of one document must not stop the others
        return undelivered(word, job.manifest, done, error)
    markdown = sink.path(f"{stem}.{MARKDOWN.suffix}")
    return ended(word, job.manifest, exported, str(markdown), job.jobs)
