"""The command ``pagefleet`` with all of its subcommands."""

import os

import click

from producer.cli import (
    change_commands,
    convert_commands,
    export_command,
    fleet_commands,
    interrupts,
    progress_commands,
    result_commands,
)
from shared import __version__
from shared.console.entry_point import escape_unencodable_output, run_command
from shared.processes import command_process

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
#: Characters of a command's summary; no first sentence of a command is longer.
MAX_SUMMARY = 200
#: The sections of ``pagefleet --help``, in their order.
SECTIONS = {
    "Convert documents": (convert_commands.run, convert_commands.submit, convert_commands.watch),
    "Follow jobs and get results": (
        progress_commands.status,
        progress_commands.list_jobs,
        progress_commands.wait,
        result_commands.fetch,
        export_command.export_collection,
        result_commands.report,
        result_commands.evaluate,
        progress_commands.failures,
    ),
    "Change jobs": (change_commands.cancel, change_commands.retry, change_commands.purge),
    "Look after the fleet": (
        fleet_commands.top,
        fleet_commands.pools,
        fleet_commands.flower,
        fleet_commands.doctor,
    ),
}


class SectionedGroup(click.Group):
    """A group whose help lists its commands by section."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click.Group."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                rows = [(str(each.name), each.get_short_help_str(MAX_SUMMARY)) for each in commands]
                formatter.write_dl(rows)


@click.group(cls=SectionedGroup, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="pagefleet")
def cli() -> None:
    """Turn PDFs and page images into Markdown, on this machine or with a fleet of workers.

    \b
    On this machine, without any setup:
      pagefleet run book.pdf -o out
    With a fleet: set PAGEFLEET_REDIS_URL and PAGEFLEET_STORE everywhere, then
      pagefleet-worker start                (on each worker machine)
      pagefleet submit book.pdf --wait      (on any machine)

    Every command takes --debug, which shows the traceback of an error.

    \b
    Exit codes:
      0  every page is ok or blank        4  an input was refused
      1  internal error                   5  broker or store unreachable
      2  wrong usage                      6  the time limit of 'wait' has passed
      3  failed or cancelled pages        130  interrupted
    """


for _command in (each for commands in SECTIONS.values() for each in commands):
    cli.add_command(_command)


def main() -> None:
    """Entry point; ends the process with the command's exit code."""
    command_process.begin()
    # Set before any import of onnxruntime, whose wheel sends telemetry by default.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    escape_unencodable_output()
    interrupts.listen()
    interrupts.leave(run_command(cli, "pagefleet"))
