"""Declares the commands that convert documents: run, submit, watch."""

from typing import Any

import click

from producer.cli import shared_options
from producer.cli.page_setting_flags import CommandWithPageSettings


@click.command(
    cls=CommandWithPageSettings,
    epilog="""\b
Examples:
  pagefleet run book.pdf -o out
  pagefleet run scans/ 'more/*.tif' -o out --pages 1-3,7
  pagefleet run book.pdf -o out --to md,html,jsonl --chunks
  pagefleet run - -o out < book.pdf
  pagefleet run -o out -- -strange-name.pdf
  pagefleet run scan.pdf -o out --to md,pdf --save pages,boxes
  pagefleet run images/ -o results --layout omnidocbench
  pagefleet run book.pdf -o out --json | jq .counts
  pagefleet run page.png --stream
""",
)
@shared_options.inputs
@shared_options.output_or_stream
@shared_options.request
@shared_options.render
@shared_options.min_quality
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per document.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def run(**values: Any) -> int:
    """Convert documents on this machine and write the results into a folder.

    INPUT is a file, a glob, a folder, an s3:// URI or prefix, or - for standard input.

    Each document becomes <stem>.md, <stem>.json and <stem>/figures/ in the folder of -o.
    The command starts the broker, store and workers that are not configured, and stops them
    at its end. Finished pages are kept in the store: the same document with the same options
    is not converted twice, and an interrupted command continues when it is run again.
    """
    from producer.commands.cli_options import RunOptions

    options = RunOptions.parse(values)
    if (options.folder is None) is not options.stream:
        raise click.UsageError("run needs -o DIR, or --stream to print one page; not both")
    if options.folder is None:
        if options.to or options.chunks or options.layout_pdf or options.save:
            raise click.UsageError(
                "--to, --chunks, --layout-pdf and --save write files: use them with -o DIR"
            )
        from producer.commands.stream import stream_page

        return stream_page(options)
    from producer.commands.run import run_documents

    return run_documents(options, options.folder)


@click.command(
    cls=CommandWithPageSettings,
    epilog="""\b
Examples:
  pagefleet submit book.pdf
  pagefleet submit s3://bucket/in/ --priority low --label batch=7
  pagefleet submit --manifest files.jsonl --wait --json
  pagefleet submit --manifest corpus.jsonl --collection corpus-1
  pagefleet submit s3://bucket/corpus/ --collection corpus-1
  pagefleet submit book.pdf --dry-run

\b
A line of files.jsonl; only "uri" is required:
  {"uri": "s3://bucket/a.pdf", "name": "A", "pages": "1-3", "priority": "high",
   "labels": {"batch": "7"}}
""",
)
@shared_options.inputs
@shared_options.request_of_submit
@shared_options.render
@click.option("--wait", is_flag=True, help="Wait until every job has ended.")
@shared_options.min_quality_of_stored
@click.option(
    "--collection",
    metavar="NAME",
    help="Add the documents to the collection NAME. The same command, run again, continues where "
    "it stopped.",
)
@click.option("--webhook", metavar="URL", help="Send a POST request to URL when a job has ended.")
@click.option(
    "--dry-run", is_flag=True, help="Count pages, estimate time and cost, and queue nothing."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per document.")
def submit(**values: Any) -> int:
    """Queue documents for a fleet of workers and print their job ids.

    INPUT is a file, a glob, a folder, an s3:// URI or prefix, or - for standard input.

    Needs a broker (PAGEFLEET_REDIS_URL) and a store (PAGEFLEET_STORE) that the workers use
    too. A job's id is made of the document's content and its page options: submitting the
    same again prints the same id and converts no page twice. Documents of a collection that have
    not changed since they were submitted are not read again.
    """
    from producer.commands.cli_options import SubmitOptions
    from producer.commands.submit import submit_documents

    return submit_documents(SubmitOptions.parse(values))


@click.command(
    cls=CommandWithPageSettings,
    epilog="""\b
Examples:
  pagefleet watch s3://bucket/inbox/
  pagefleet watch s3://bucket/inbox/ --to s3://other/outbox/ --after move
  pagefleet watch s3://bucket/inbox/ --queue-url https://sqs.eu-west-1.amazonaws.com/1/drops
  pagefleet watch ./inbox --to ./outbox
""",
)
@click.argument("source", metavar="PLACE")
@click.option(
    "--to", metavar="PLACE", help="Where results are written; default: outbox beside the inbox."
)
@click.option(
    "--after",
    type=click.Choice(["keep", "move", "delete"]),
    default="keep",
    show_default=True,
    help="What to do with a converted source; move: to done/ or failed/ beside the inbox.",
)
@shared_options.watch
@shared_options.request_of_watch
@shared_options.render
@shared_options.wait_for_services
@click.option("--once", is_flag=True, help="Stop when every document in PLACE is delivered.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per event.")
@click.option("--quiet", is_flag=True, help="Print only refusals and warnings.")
def watch(**values: Any) -> int:
    """Convert every document that is put into a bucket prefix or a folder.

    PLACE is an s3:// prefix or a folder, the inbox. inbox/a/x.pdf becomes
    outbox/a/x.pdf.md, x.pdf.json and x.pdf/figures/. Until then, x.pdf.status.json shows the
    progress, or the reason of a refusal. A file pagefleet.toml in a folder of the inbox sets
    options for the documents below it. Several watchers may watch the same place. Where no
    broker is configured, the command starts one and workers, and stops them at its end.
    """
    from producer.commands.watch import watch_place
    from producer.commands.watch_options import WatchOptions

    return watch_place(WatchOptions.parse(values))
