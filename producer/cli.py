"""The command ``pagefleet``: parses words, calls the module that does the work."""

import os
from pathlib import Path
from typing import Any

import click

from producer.commands import interrupts
from producer.commands import option_decorators as shared_options
from producer.commands.page_option_flags import RequestCommand
from shared import __version__
from shared.console.entry_point import escape_unencodable_output, run_command

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="pagefleet")
def cli() -> None:
    """Turn PDFs and page images into Markdown, on this machine or with a fleet.

    \b
    One command, nothing to set up:   pagefleet run book.pdf -o out
    A fleet: set PAGEFLEET_REDIS_URL and PAGEFLEET_STORE, start 'pagefleet-worker start'
    on any number of machines, then 'pagefleet submit book.pdf --wait'.

    Every command takes --debug for a traceback. Exit status: 0 all pages ok or blank,
    1 internal error, 2 usage, 3 failed or cancelled pages, 4 input refused, 5 broker or
    store unreachable, 6 wait timed out, 130 interrupted.
    """


@cli.command(
    cls=RequestCommand,
    epilog="""\b
Examples:
  pagefleet run book.pdf -o out
  pagefleet run scans/ 'more/*.tif' -o out --pages 1-3,7
  pagefleet run - -o out < book.pdf
  pagefleet run -o out -- -strange-name.pdf
  pagefleet run book.pdf -o out --json | jq .counts
  pagefleet run page.png --stream
""",
)
@shared_options.inputs
@shared_options.output_or_stream
@shared_options.request
@shared_options.render
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per document.")
@click.option("--quiet", is_flag=True, help="No progress.")
def run(**given: Any) -> int:
    """Convert documents with the whole fleet on this machine.

    INPUT is a file, a glob, a folder, an s3:// URI or prefix, or - for standard input.
    Starts what is not configured (broker, store, workers) and stops it again. The same
    document with the same options is never converted twice.
    """
    if (given["folder"] is None) is not given.pop("stream"):
        raise click.UsageError("run needs -o DIR, or --stream to print one page; not both")
    if given["folder"] is None:
        from producer.commands.stream import stream_page

        return stream_page(given)
    from producer.commands.run import run_documents

    return run_documents(given)


@cli.command(
    cls=RequestCommand,
    epilog="""\b
Examples:
  pagefleet submit book.pdf
  pagefleet submit s3://bucket/in/ --priority low --label batch=7
  pagefleet submit --manifest files.jsonl --wait --json
  pagefleet submit book.pdf --dry-run
""",
)
@shared_options.inputs
@shared_options.request
@shared_options.render
@click.option("--wait", is_flag=True, help="Wait until every job has ended.")
@click.option("--webhook", metavar="URL", help="Called when the job has ended.")
@click.option("--dry-run", is_flag=True, help="Only count pages and estimate time and cost.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per document.")
def submit(**given: Any) -> int:
    """Queue documents and print their job ids.

    Needs a broker (PAGEFLEET_REDIS_URL) and a store that the workers reach too.
    """
    from producer.commands.fleet_commands import submit_documents

    return submit_documents(given)


@cli.command(
    cls=RequestCommand,
    epilog="""\b
Examples:
  pagefleet watch s3://bucket/inbox/
  pagefleet watch s3://bucket/inbox/ --to s3://other/outbox/ --after move
  pagefleet watch s3://bucket/inbox/ --queue-url https://sqs.eu-west-1.amazonaws.com/1/drops
  pagefleet watch ./inbox --to ./outbox
""",
)
@click.argument("source", metavar="PLACE")
@click.option("--to", metavar="PLACE", help="Where outputs go; default: outbox beside the inbox.")
@click.option(
    "--after",
    type=click.Choice(["keep", "move", "delete"]),
    default="keep",
    show_default=True,
    help="What becomes of sources; move: to done/ and failed/ beside the inbox.",
)
@shared_options.watch
@shared_options.request_of_watch
@shared_options.render
@click.option("--once", is_flag=True, help="Stop when everything that is there is delivered.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per event.")
@click.option("--quiet", is_flag=True, help="Only say what is wrong.")
def watch(**given: Any) -> int:
    """Convert every document that lands in a bucket's prefix or a folder.

    inbox/a/x.pdf becomes outbox/a/x.pdf.md, x.pdf.json and x.pdf/figures/; a file
    x.pdf.status.json tells how far it is, or what is wrong. A pagefleet.toml in a folder sets
    options for what is dropped below it. Any number of watchers may run side by side.
    """
    from producer.watching.command import watch_place

    return watch_place(given)


@cli.command(epilog="\b\nExample:\n  pagefleet status 0123456789abcdef-01234567")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")
def status(jobs: tuple[str, ...], as_json: bool) -> int:
    """Show how far jobs are (default: all open ones). Works without a broker too."""
    from producer.status.reporting import show_status

    return show_status(jobs, as_json)


@cli.command(name="list", epilog="\b\nExample:\n  pagefleet list --json | jq -r .job_id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")
@click.option("--label", "labels", multiple=True, metavar="K=V", help="Only jobs with this label.")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True)
def list_jobs(as_json: bool, labels: tuple[str, ...], limit: int) -> int:
    """List the jobs in the store, newest first."""
    from producer.status.reporting import show_list

    return show_list(as_json, labels, limit)


@cli.command(epilog="\b\nExample:\n  pagefleet wait JOB --timeout 600")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.option("--timeout", type=click.FloatRange(0), metavar="S", help="Give up after S seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")
def wait(jobs: tuple[str, ...], timeout: float | None, as_json: bool) -> int:
    """Wait until jobs have ended."""
    from producer.commands.fleet_commands import wait_for_jobs

    return wait_for_jobs(jobs, timeout, as_json)


@cli.command(epilog="\b\nExample:\n  pagefleet fetch JOB -o out --page-breaks rule")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@shared_options.output
@shared_options.render
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")
def fetch(jobs: tuple[str, ...], folder: Path, as_json: bool, **render: Any) -> int:
    """Write finished documents into a folder. Works from the store alone.

    What is not given here stays as it was submitted.
    """
    from producer.commands.fleet_commands import fetch_jobs

    return fetch_jobs(jobs, folder, render, as_json)


@cli.command(epilog="\b\nExample:\n  pagefleet cancel JOB")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")
def cancel(jobs: tuple[str, ...], as_json: bool) -> int:
    """Stop jobs: their remaining pages are recorded as cancelled."""
    from producer.commands.job_commands import cancel_jobs

    return cancel_jobs(jobs, as_json)


@cli.command(epilog="\b\nExample:\n  pagefleet retry JOB && pagefleet wait JOB")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")
def retry(jobs: tuple[str, ...], as_json: bool) -> int:
    """Run the failed and cancelled pages of ended jobs again."""
    from producer.commands.job_commands import retry_jobs

    return retry_jobs(jobs, as_json)


@cli.command(epilog="\b\nExample:\n  pagefleet failures JOB --json")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per page.")
def failures(jobs: tuple[str, ...], as_json: bool) -> int:
    """List failed pages and why (default: of all jobs)."""
    from producer.status.reporting import show_failures

    return show_failures(jobs, as_json)


@cli.command(epilog="\b\nExamples:\n  pagefleet purge JOB\n  pagefleet purge --older-than 30")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="All ended jobs created more than DAYS ago.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per job.")
def purge(jobs: tuple[str, ...], older_than: float | None, as_json: bool) -> int:
    """Remove ended jobs and all that belongs to them; never a running one."""
    from producer.commands.job_commands import purge_jobs

    return purge_jobs(jobs, older_than, as_json)


@cli.command(epilog="\b\nExample:\n  pagefleet report JOB -o out.html")
@click.argument("job")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE")
def report(job: str, output: Path) -> int:
    """Write an HTML page that shows each page with its boxes beside its Markdown.

    Pictures of more than 50 pages go into a folder beside it.
    """
    from producer.commands.job_commands import write_job_report

    return write_job_report(job, output)


@cli.command(
    epilog="""\b
Examples:
  pagefleet top
  pagefleet top --once
  pagefleet top --json | jq .pages_per_s
"""
)
@click.option("--once", is_flag=True, help="Print one picture and end.")
@click.option("--json", "as_json", is_flag=True, help="Print one picture as JSON and end.")
@click.option(
    "--interval",
    type=click.FloatRange(0.2),
    default=2.0,
    show_default=True,
    metavar="S",
    help="Seconds between pictures.",
)
def top(once: bool, as_json: bool, interval: float) -> int:
    """Watch queues, workers, jobs and failures in a terminal. Keys: q leaves.

    Each picture is three round trips to the broker. Rates and busy shares are of the last
    minute, as the workers report them every 8 seconds.
    """
    from producer.top.screen_loop import show_top

    return show_top(once, as_json, interval)


@cli.command(
    epilog="""\b
Examples:
  pagefleet flower
  PAGEFLEET_FLOWER_PASSWORD=secret pagefleet flower --host 0.0.0.0
  pagefleet flower -- --url_prefix=flower --persistent=true
"""
)
@click.option("--host", "flower_host", help="Address to bind (default: 127.0.0.1).")
@click.option("--port", "flower_port", type=click.IntRange(1, 65535), help="Port (default: 5555).")
@click.argument("more", nargs=-1, metavar="[-- FLOWER OPTION]...")
def flower(flower_host: str | None, flower_port: int | None, more: tuple[str, ...]) -> int:
    """Serve Flower for this fleet: pages by job, queues, workers; read-only, with a login.

    Needs the extra 'flower'. What stands after -- goes to Flower itself, for example its
    options for a login with Google, GitHub, GitLab or Okta.
    """
    from producer.flower.start import start_flower

    return start_flower(flower_host, flower_port, more)


@cli.command(epilog="\b\nExample:\n  pagefleet doctor")
@click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")
@click.option("--repair", is_flag=True, help="Also rebuild the broker's state from the store.")
def doctor(as_json: bool, repair: bool) -> int:
    """Check broker, store, versions, clocks and disk, and say how to mend each."""
    from producer.commands.doctor import examine

    return examine(as_json, repair)


def main() -> None:
    """Entry point; ends the process with the command's exit status."""
    # Before anything can load onnxruntime: its wheel reports home unless told not to.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    escape_unencodable_output()
    interrupts.listen()
    interrupts.leave(run_command(cli, "pagefleet"))


if __name__ == "__main__":
    main()
