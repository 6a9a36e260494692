"""A command ends with one line per error and the exit code of the error's class."""

import click
import pytest

from shared.console.entry_point import run_command
from shared.console.printable import printable
from shared.domain.errors import ExitCode, StoreUnreachable


def command(error: BaseException | None) -> click.Command:
    """A command that raises ``error``."""

    @click.command()
    @click.argument("words", nargs=-1)
    def run(words: tuple[str, ...]) -> int:
        if error is not None:
            raise error
        return len(words)

    return run


def test_the_returned_number_is_the_exit_code() -> None:
    assert run_command(command(None), "pagefleet", ["a", "b", "c"]) == ExitCode.FAILED_PAGES


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (StoreUnreachable("no\nanswer"), 5, "error[store_unreachable]: no answer\n"),
        (
            ValueError("odd\x1b[0m"),
            1,
            "error[internal]: ValueError: odd?[0m (--debug shows where)\n",
        ),
        (click.UsageError("no such word"), 2, "error: no such word (see 'pagefleet --help')\n"),
        (KeyboardInterrupt(), 130, "\n"),
        # Of a damaged file, and no end of the input.
        (
            EOFError("marshal data too short"),
            1,
            "\nerror[internal]: EOFError: marshal data too short (--debug shows where)\n",
        ),
    ],
)
def test_an_error_is_one_printable_line(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(command(error), "pagefleet", []) == code

    assert capsys.readouterr().err == line


def test_debug_shows_a_traceback_and_may_stand_anywhere_before_two_dashes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(command(ValueError("odd")), "pagefleet", ["a", "--debug"]) == 1

    assert "Traceback" in capsys.readouterr().err


def test_debug_after_two_dashes_is_an_argument() -> None:
    assert run_command(command(None), "pagefleet", ["--", "--debug"]) == 1


def test_unprintable_characters_become_question_marks() -> None:
    assert printable("a\x1b[31m\nü 日\u202e") == "a?[31m?ü 日?"
