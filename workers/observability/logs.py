"""Formats log lines: text for terminals, one JSON object per line otherwise.

Celery's own lines have the same format. Secrets of the settings and credentials in addresses
(the part before the @) are replaced by ``***``.
"""

import logging
import sys

from celery import signals

from shared.config.settings import Settings
from shared.console.json_lines import JsonLines, Secrets, log_to_stderr
from shared.console.log_lines import PrintableLines
from shared.console.printable import printable
from workers.observability.log_context import fields


class Context(logging.Filter):
    """Adds the log fields of the current context to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Passes every record."""
        record.about = fields()
        return True


class HumanLines(PrintableLines):
    """Time, level, logger, message; job and page if the message does not name the job."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._secrets = secrets

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line without its traceback."""
        about = getattr(record, "about", {})
        line = super().formatMessage(record)
        if "job" in about and str(about["job"]) not in line:
            line += printable(f" (job {about['job']} page {about.get('page', '-')})")
        return line

    def format(self, record: logging.LogRecord) -> str:
        """The record and its traceback, with secrets masked."""
        return self._secrets.hide(super().format(record))


def configure(settings: Settings, worker: str | None = None) -> None:
    """Log to stderr at the level and in the format of the settings."""
    human = settings.log_format == "human" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    secrets = Secrets(settings)
    lines = HumanLines(secrets) if human else JsonLines(secrets, worker)
    log_to_stderr(lines, settings.log_level, Context())
    # With a receiver of this signal, Celery installs no handlers of its own.
    signals.setup_logging.connect(_configured, weak=False)


def _configured(**_: object) -> None:
    """Do nothing: logging is configured already."""
