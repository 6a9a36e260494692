"""Declares the commands that show, fetch and change jobs."""

from pathlib import Path
from typing import Any

import click

from producer.cli import shared_options

_some_jobs = click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
_any_jobs = click.argument("jobs", nargs=-1, metavar="[JOB]...")
_as_submitted_with = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="K=V",
    help="Use the document name and labels of the submission with this label; may be repeated.",
)
_collection = click.option(
    "--collection", metavar="NAME", help="The documents of this collection instead of JOB."
)
_json_jobs = click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")


@click.command(
    epilog="""\b
Examples:
  pagefleet status
  pagefleet status JOB --json | jq .eta_s
  pagefleet status --collection corpus-1
"""
)
@_any_jobs
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
@_json_jobs
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
@_json_jobs
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
@_some_jobs
@click.option("--timeout", type=click.FloatRange(0), metavar="S", help="Give up after S seconds.")
@shared_options.min_quality_of_stored
@_json_jobs
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
  pagefleet fetch JOB -o out
  pagefleet fetch JOB -o out --page-breaks rule
  pagefleet fetch JOB -o out --to pdf --layout-pdf
  pagefleet fetch JOB -o out --to html,docx --tables auto
  pagefleet fetch JOB -o out --min-quality 0.8 --json | jq .low_quality
"""
)
@_some_jobs
@shared_options.output
@shared_options.render
@_as_submitted_with
@shared_options.min_quality
@_json_jobs
def fetch(**values: Any) -> int:
    """Write the documents of ended jobs into a folder.

    Works from the store alone. The document is written with the options of its submission; an
    option given here replaces that of the submission. Several people may submit the same
    document; without --label it has the name that the first of them gave it.
    """
    from producer.commands.cli_options import FetchOptions
    from producer.commands.fetch import fetch_jobs

    return fetch_jobs(FetchOptions(**values))


@click.command(
    epilog="\b\nExamples:\n  pagefleet cancel JOB\n  pagefleet cancel --collection corpus-1"
)
@_any_jobs
@_collection
@_json_jobs
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
@_any_jobs
@_collection
@_json_jobs
def retry(jobs: tuple[str, ...], collection: str | None, as_json: bool) -> int:
    """Read the failed and cancelled pages of ended jobs again."""
    from producer.commands.change_jobs import retry_jobs
    from producer.commands.collections.change import has_failed_pages, named_or_chosen

    return retry_jobs(named_or_chosen(jobs, collection, has_failed_pages), as_json)


@click.command(
    epilog="""\b
Examples:
  pagefleet failures JOB
  pagefleet failures --json | jq -r .code | sort | uniq -c
  pagefleet failures --collection corpus-1 --json > failures.jsonl
"""
)
@_any_jobs
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


@click.command(
    epilog="""\b
Examples:
  pagefleet purge JOB
  pagefleet purge --older-than 30
"""
)
@_any_jobs
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="Remove every ended job that was created more than DAYS ago.",
)
@_json_jobs
def purge(jobs: tuple[str, ...], older_than: float | None, as_json: bool) -> int:
    """Remove ended jobs from the store: source, page results and document.

    An open job is never removed; cancel it first.
    """
    from producer.commands.change_jobs import purge_jobs

    return purge_jobs(jobs, older_than, as_json)


@click.command(
    epilog="""\b
Examples:
  pagefleet report JOB -o out.html
  pagefleet report JOB -o worst.html --worst 20
"""
)
@click.argument("job")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The HTML file to write.",
)
@click.option(
    "--worst",
    type=click.IntRange(1),
    metavar="N",
    help="Show only the N worst pages, the worst first, and list them with the reasons: failed "
    "pages, then those of the lowest quality.",
)
@click.option(
    "--folder",
    "in_folder",
    is_flag=True,
    help="Write the images into a folder beside the file, as for more than 50 pages.",
)
@_as_submitted_with
def report(
    job: str, output: Path, worst: int | None, in_folder: bool, labels: tuple[str, ...]
) -> int:
    """Write an HTML page that shows each page image with its boxes beside its Markdown.

    Point at a box or at a text to see which belong together; a block that continues on another
    page links to its other place. Filters show pages by status and quality. The page has no
    scripts. Works from the store alone, also for an open job. The images of documents with more
    than 50 pages are written into a folder beside the file. Without --label the page names every
    submission of the document.
    """
    from producer.commands.report import write_job_report
    from producer.report.writing import ReportOptions

    return write_job_report(job, output, labels, ReportOptions(worst, in_folder))


@click.command(
    epilog="""\b
Examples:
  pagefleet evaluate out truth
  pagefleet evaluate out truth -o worst.html
  pagefleet evaluate out OmniDocBench.json --json | tail -n 1 | jq .table_teds
"""
)
@click.argument("results", type=click.Path(path_type=Path))
@click.argument("truth", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write an HTML page that shows the worst pages beside their truth.",
)
@click.option(
    "--worst",
    "worst_pages",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    metavar="N",
    help="Pages in the file of -o.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per page and a total.")
def evaluate(**values: Any) -> int:
    """Score Markdown results against ground truth, page by page.

    RESULTS is a folder that run or fetch wrote. TRUTH is a folder with Markdown files of the same
    names, or the JSON file of OmniDocBench. The figures are text edit distance and reading order
    (0 is best), and table TEDS and formula match (1 is best). Needs the extra 'evaluate'.
    """
    from producer.commands.evaluate import evaluate_results

    return evaluate_results(**values)
