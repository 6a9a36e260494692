"""Declares the commands that change jobs."""

import click

from producer.cli import shared_options

_collection = click.option(
    "--collection", metavar="NAME", help="The documents of this collection instead of JOB."
)


@click.command(
    epilog="\b\nExamples:\n  pagefleet cancel JOB\n  pagefleet cancel --collection corpus-1"
)
@shared_options.any_jobs
@_collection
@shared_options.json_jobs
def cancel(jobs: tuple[str, ...], collection: str | None, as_json: bool) -> int:
    """Stop jobs; their remaining pages are recorded as failed with code cancelled.

    Finished pages are kept. Submitting the same document again resumes the job.
    """
    from producer.commands.change_jobs import cancel_jobs
    from producer.commands.collections.change import has_not_ended, named_or_chosen

    return cancel_jobs(named_or_chosen(jobs, collection, has_not_ended), as_json)


@click.command(
    epilog="""\b
Examples:
  pagefleet retry JOB && pagefleet wait JOB
  pagefleet retry --collection corpus-1
"""
)
@shared_options.any_jobs
@_collection
@shared_options.json_jobs
def retry(jobs: tuple[str, ...], collection: str | None, as_json: bool) -> int:
    """Read the failed and cancelled pages of ended jobs again."""
    from producer.commands.change_jobs import retry_jobs
    from producer.commands.collections.change import has_failed_pages, named_or_chosen

    return retry_jobs(named_or_chosen(jobs, collection, has_failed_pages), as_json)


@click.command(
    epilog="""\b
Examples:
  pagefleet purge JOB
  pagefleet purge --older-than 30
"""
)
@shared_options.any_jobs
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="Remove every ended job that was created more than DAYS ago.",
)
@shared_options.json_jobs
def purge(jobs: tuple[str, ...], older_than: float | None, as_json: bool) -> int:
    """Remove ended jobs from the store: source, page results and document.

    An open job is never removed; cancel it first.
    """
    from producer.commands.change_jobs import purge_jobs

    return purge_jobs(jobs, older_than, as_json)
