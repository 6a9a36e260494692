"""Declares the commands that write and judge the results of jobs."""

from pathlib import Path
from typing import Any

import click

from producer.cli import shared_options

_as_submitted_with = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="K=V",
    help="Use the document name and labels of the submission with this label; may be repeated.",
)


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
@shared_options.some_jobs
@shared_options.output
@shared_options.render
@_as_submitted_with
@shared_options.min_quality
@shared_options.json_jobs
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
