"""Formats log lines: text for terminals, one JSON object per line otherwise.

Celery's own lines have the same format. Secrets of the settings and credentials in addresses
(the part before the @) are replaced by ``***``.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime

from celery import signals

from shared.config.settings import Settings
from shared.console.log_lines import PrintableLines
from shared.console.printable import json_line, printable
from workers.observability.log_context import fields

QUIET = ("celery", "kombu", "amqp", "botocore", "boto3", "urllib3", "s3transfer", "PIL")
_CREDENTIALS = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@]*@", re.IGNORECASE)
_MASK = "***"


class Secrets:
    """Masks the secrets of the settings and credentials in addresses."""

    def __init__(self, settings: Settings) -> None:
        words = settings.secret_words()
        # As plain text, and as escaped inside JSON.
        self._words = dict.fromkeys([*words, *(json.dumps(word)[1:-1] for word in words)])

    def hide(self, text: str) -> str:
        """``text`` without secrets."""
        for word in self._words:
            text = text.replace(word, _MASK)
        return _CREDENTIALS.sub(rf"\1{_MASK}@", text)


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


class JsonLines(logging.Formatter):
    """One JSON object per line: time, level, logger, process, worker, context fields, message."""

    def __init__(self, secrets: Secrets, worker: str | None) -> None:
        super().__init__()
        self._secrets = secrets
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object, with secrets masked."""
        event = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "worker": self._worker,
            **getattr(record, "about", {}),
            **getattr(record, "fields", {}),
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return self._secrets.hide(json_line(event))


def configure(settings: Settings, worker: str | None = None) -> None:
    """Log to stderr at the level and in the format of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    human = settings.log_format == "human" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    secrets = Secrets(settings)
    handler.setFormatter(HumanLines(secrets) if human else JsonLines(secrets, worker))
    handler.addFilter(Context())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # With a receiver of this signal, Celery installs no handlers of its own.
    signals.setup_logging.connect(_configured, weak=False)


def _configured(**_: object) -> None:
    """Do nothing: logging is configured already."""
