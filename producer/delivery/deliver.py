"""Exports a finished job into a folder and reports how its input ended."""

from dataclasses import replace

from producer.delivery.export import FinishedJob, export
from producer.delivery.folder_sink import FolderSink
from producer.delivery.outcome import Outcome, ended, undelivered, with_quality
from producer.delivery.output_names import OutputNames
from shared.domain.records.job import Done


def deliver(
    word: str,
    job: FinishedJob,
    done: Done,
    names: OutputNames,
    stem: str,
    min_quality: float | None = None,
) -> Outcome:
    """Export the document as ``stem``, or with a number where another document has that name.

    Any failure becomes the outcome of this input. Pages below ``min_quality`` are written too; they
    are named, and they change the exit code.
    """
    try:
        if names.page_folder is not None:
            return names.page_folder.deliver(word, job)
        chosen = names.choose(stem, job.manifest.sha256)
        exported = export(job, FolderSink(names.folder), chosen)
    except Exception as error:  # any failure of one document must not stop the others
        return undelivered(word, job.manifest, done, error)
    path = str(names.path(chosen))
    markdown = path if job.choice.markdown else None
    outcome = ended(word, job.manifest, exported.done, markdown, job.jobs)
    outcome = replace(outcome, file=path, fallback=exported.fallback)
    outcome = with_quality(outcome, exported.scores, min_quality)
    if chosen == stem:
        return outcome
    taken = f"{names.path(stem).name} is not of this document; --overwrite replaces it"
    return outcome.with_note(taken)
