"""Formats log lines for terminals: one printable line per message, and its traceback."""

import logging

from shared.console.printable import printable, printable_lines


class PrintableLines(logging.Formatter):
    """A formatter whose lines contain no control characters of untrusted text."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without its traceback."""
        return printable(super().formatMessage(record).replace("\n", " "))

    def format(self, record: logging.LogRecord) -> str:
        """The record and its traceback."""
        return printable_lines(super().format(record))


def clean_default_logging() -> None:
    """Use printable lines where no handler is configured, as in the commands of the producer."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(PrintableLines())
