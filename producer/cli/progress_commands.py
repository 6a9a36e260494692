"""Declares the commands that follow jobs."""

import click

from producer.cli import shared_options


@click.command(
    epilog="""\b
Examples:
  pagefleet status
  pagefleet status JOB --json | jq .eta_s
  pagefleet status --collection corpus-1
"""
)
@shared_options.any_jobs
@click.option("--collection", metavar="NAME", help="Show the progress of a whole collection.")
@click.option(
    "--recount",
    is_flag=True,
    help="With --collection: look up every job in the store instead of trusting the counts.",
)
@click.option(
    "--min-quality",
    type=click.FloatRange(0, 1),
    metavar="X",
    help="Count the pages of ended jobs whose quality is below X (default: 0.5), and end with exit "
    "code 3 if there are any.",
)
@shared_options.json_jobs
def status(
    jobs: tuple[str, ...],
    collection: str | None,
    recount: bool,
    min_quality: float | None,
    as_json: bool,
) -> int:
    """Show the progress of jobs: pages done, speed, time left, cost, pages of low quality.

    Without JOB, all open jobs are shown. Without a broker it reads the store and shows neither
    speed nor time left. Warns where no live worker serves the engine of an open job.
    """
    if collection is not None:
        if jobs or min_quality is not None:
            raise click.UsageError("--collection goes without JOB and --min-quality")
        from producer.commands.collections.show import show_collection

        return show_collection(collection, recount, as_json)
    if recount:
        raise click.UsageError("--recount needs --collection")
    from producer.commands.show_jobs import show_status

    return show_status(jobs, min_quality, as_json)


@click.command(
    name="list",
    epilog="""\b
Examples:
  pagefleet list --label batch=7
  pagefleet list --json | jq -r .job_id
  pagefleet list --collections
""",
)
@click.option("--collections", is_flag=True, help="List the names of collections instead of jobs.")
@shared_options.json_jobs
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="K=V",
    help="Only jobs with this label; may be repeated.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Print at most this many jobs.",
)
def list_jobs(collections: bool, as_json: bool, labels: tuple[str, ...], limit: int) -> int:
    """List the jobs in the store, open and ended, newest first.

    Several people may submit the same document. Then the job is listed once, with the document
    name and labels of each; --label finds it by the labels of any of them.
    """
    if collections:
        from producer.commands.collections.show import show_collections

        return show_collections(as_json)
    from producer.commands.show_jobs import show_list

    return show_list(as_json, labels, limit)


@click.command(
    epilog="""\b
Examples:
  pagefleet wait JOB
  pagefleet wait JOB --timeout 600; pagefleet fetch JOB -o out
"""
)
@shared_options.some_jobs
@click.option("--timeout", type=click.FloatRange(0), metavar="S", help="Give up after S seconds.")
@shared_options.min_quality_of_stored
@shared_options.json_jobs
def wait(
    jobs: tuple[str, ...], timeout: float | None, min_quality: float | None, as_json: bool
) -> int:
    """Wait until jobs have ended and print how each ended.

    The exit code is 3 if pages failed; the document exists then too. It is 6 where jobs have
    not ended within --timeout; the jobs continue.
    """
    from producer.commands.wait import wait_for_jobs

    return wait_for_jobs(jobs, timeout, as_json, min_quality)


@click.command(
    epilog="""\b
Examples:
  pagefleet failures JOB
  pagefleet failures --json | jq -r .code | sort | uniq -c
  pagefleet failures --collection corpus-1 --json > failures.jsonl
"""
)
@shared_options.any_jobs
@click.option(
    "--collection",
    metavar="NAME",
    help="List the refused documents and failed pages of a collection.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per page.")
def failures(jobs: tuple[str, ...], collection: str | None, as_json: bool) -> int:
    """List failed pages with their error codes and reasons.

    Without JOB, the failed pages of all jobs are listed.
    """
    if collection is not None:
        if jobs:
            raise click.UsageError("--collection goes without JOB")
        from producer.commands.collections.show import show_collection_failures

        return show_collection_failures(collection, as_json)
    from producer.commands.show_jobs import show_failures

    return show_failures(jobs, as_json)
