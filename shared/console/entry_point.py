"""Runs a command: an error becomes one line on stderr and the exit code of its class."""

import io
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

import click

from shared.console.log_lines import clean_default_logging
from shared.console.printable import printable, printable_lines
from shared.domain.errors import ExitCode, PagefleetError

DEBUG = "--debug"
#: Options with which a command prints nothing but its result.
QUIET = frozenset(("--json", "--quiet", "--help", "-h", "--version"))


def escape_unencodable_output() -> None:
    """Print characters that the terminal's encoding lacks as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run_command(group: click.Command, program: str, arguments: list[str] | None = None) -> int:
    """Run a click command; returns the exit code. ``--debug`` may stand before any ``--``."""
    clean_default_logging()
    words = sys.argv[1:] if arguments is None else arguments
    options = words[: words.index("--")] if "--" in words else words
    debug = DEBUG in options
    if debug:
        words = [word for i, word in enumerate(words) if word != DEBUG or i > len(options)]
    if options and QUIET.isdisjoint(options):
        _name_config_file()
    return exit_status_of(lambda: group.main(words, program, standalone_mode=False), debug)


def _name_config_file() -> None:
    """Say which configuration file is used; the command reports one that can't be used."""
    # Imported here, because help must not wait for pydantic.
    from shared.config.settings import used_config_file

    with suppress(PagefleetError, OSError):
        path = used_config_file()
        if path is not None:
            print_message(f"using the settings of {path.absolute()}")


def exit_status_of(action: Callable[[], object], debug: bool) -> int:
    """Run ``action``; returns its exit code after printing its error, if any."""
    try:
        return int(action() or ExitCode.OK)  # type: ignore[call-overload,no-any-return]
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except click.exceptions.Abort as abort:
        # click takes any EOFError for the end of the input, such as one of a damaged file.
        if not isinstance(abort.__cause__, EOFError):
            return ExitCode.INTERRUPTED
        return _report_bug(abort.__cause__, debug)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return _report_usage_error(error)
    except BrokenPipeError:
        sys.stderr.close()  # stdout is gone; the interpreter must not report it at exit
        return ExitCode.INTERNAL
    except Exception as error:  # any other error is a bug; report it like the others
        return _report_bug(error, debug)


def _report_bug(error: Exception, debug: bool) -> ExitCode:
    if debug:
        trace = "".join(traceback.format_exception(error))
        print(printable_lines(trace), end="", file=sys.stderr)
    return _report_error(error)


def _report_error(error: Exception) -> ExitCode:
    if isinstance(error, PagefleetError):
        print_message(f"error[{error.code}]: {error.message}")
        return error.exit_code
    text = " ".join(str(error).split())
    print_message(f"error[internal]: {type(error).__name__}: {text} (--debug shows where)")
    return ExitCode.INTERNAL


def print_message(line: str) -> None:
    """Print ``line`` to stderr with control characters replaced."""
    print(printable(line), file=sys.stderr, flush=True)


def _report_usage_error(error: click.ClickException) -> ExitCode:
    context = getattr(error, "ctx", None)
    hint = f" (see '{context.command_path} --help')" if context is not None else ""
    print_message(f"error: {error.format_message()}{hint}")
    return ExitCode.USAGE
