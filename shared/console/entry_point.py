"""The edge of every command: one line per error, the exit code of its class, no traceback."""

import io
import sys
import traceback
from collections.abc import Callable

import click

from shared.console.printable import printable
from shared.domain.errors import ExitCode, PagefleetError

DEBUG = "--debug"


def escape_unencodable_output() -> None:
    """Let file names that are no text be printed: what can't be encoded is shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run_command(group: click.Command, program: str, arguments: list[str] | None = None) -> int:
    """Run a click command; returns the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    before_options = given[: given.index("--")] if "--" in given else given
    debug = DEBUG in before_options
    if debug:
        given = [word for i, word in enumerate(given) if word != DEBUG or i > len(before_options)]
    return exit_status_of(lambda: group.main(given, program, standalone_mode=False), debug)


def exit_status_of(action: Callable[[], object], debug: bool) -> int:
    """The exit status of ``action``; its error, if any, in one line on stderr."""
    try:
        return int(action() or ExitCode.OK)  # type: ignore[call-overload,no-any-return]
    except (KeyboardInterrupt, click.exceptions.Abort):
        return ExitCode.INTERRUPTED
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return _usage(error)
    except BrokenPipeError:
        sys.stderr.close()  # nobody reads us any more; the interpreter must not complain
        return ExitCode.INTERNAL
    except Exception as error:  # the last line before the shell
        if debug:
            traceback.print_exc()
        return _failure(error)


def _failure(error: Exception) -> ExitCode:
    if isinstance(error, PagefleetError):
        print_message(f"error[{error.code}]: {error.message}")
        return error.exit_code
    said = " ".join(str(error).split())
    print_message(f"error[internal]: {type(error).__name__}: {said} (--debug shows where)")
    return ExitCode.INTERNAL


def print_message(line: str) -> None:
    """Print for the person, beside whatever goes to standard output."""
    print(printable(line), file=sys.stderr, flush=True)


def _usage(error: click.ClickException) -> ExitCode:
    context = getattr(error, "ctx", None)
    hint = f" (see '{context.command_path} --help')" if context is not None else ""
    print_message(f"error: {error.format_message()}{hint}")
    return ExitCode.USAGE
