"""No text of others can control a terminal, and JSON keeps its value."""

import json
import logging

import pytest

from shared.console.log_lines import PrintableLines
from shared.console.printable import json_line, printable, printable_lines

HOSTILE = {
    "an escape sequence": "\x1b]0;pwned\x07\x1b[2J",
    "a C1 control": "\x9b31m\x85\x90",
    "an override": "invoice\u202efdp.exe",
    "an isolate": "\u2066a\u2069\u2067b\u2069",
    "marks": "\u200ea\u200fb\u061cc",
    "line separators": "a\u2028b\u2029c",
    "a line": "a\r\nerror[internal]: forged",
    "a lone surrogate": "\ud800",
    "a tag beyond the basic plane": "\U000e0041",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_line_for_a_terminal_is_printable(name: str) -> None:
    assert printable(HOSTILE[name]).isprintable()


@pytest.mark.parametrize("name", HOSTILE)
def test_json_for_a_terminal_is_printable_and_has_the_same_value(name: str) -> None:
    line = json_line({HOSTILE[name]: [HOSTILE[name]]})

    assert line.isprintable()
    assert json.loads(line) == {HOSTILE[name]: [HOSTILE[name]]}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_log_line_is_one_printable_line(name: str) -> None:
    record = logging.makeLogRecord({"msg": "refused %s", "args": (HOSTILE[name],)})

    assert PrintableLines().format(record).isprintable()


def test_a_traceback_keeps_its_lines_and_loses_its_controls() -> None:
    try:
        raise ValueError("odd\x1b[31m\x9b")
    except ValueError as error:
        record = logging.makeLogRecord(
            {"msg": "x\ny", "exc_info": (ValueError, error, error.__traceback__)}
        )

    first, *others = PrintableLines().format(record).splitlines()

    assert first == "x y"
    assert others[-1] == "ValueError: odd?[31m?"


def test_letters_of_all_scripts_stay() -> None:
    text = "العربية עברית 日本 ü é 😀"

    assert printable(text) == text
    assert json_line(text) == f'"{text}"'
    assert printable_lines(f"{text}\n\t{text}") == f"{text}\n\t{text}"
