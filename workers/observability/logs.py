"""Log lines: for people on a terminal, one JSON object each for machines.

Celery's own lines come in the same form. No line carries a password: what the settings keep
secret and what stands before the @ of an address is blotted out.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime

from celery import signals

from shared.config.settings import Settings
from workers.observability.log_context import fields

QUIET = ("celery", "kombu", "amqp", "botocore", "boto3", "urllib3", "s3transfer", "PIL")
_CREDENTIALS = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@]*@", re.IGNORECASE)
_BLOT = "***"


class Secrets:
    """Blots out what must not be read."""

    def __init__(self, settings: Settings) -> None:
        words = settings.secret_words()
        # As they stand in plain text and as they stand inside JSON.
        self._words = dict.fromkeys([*words, *(json.dumps(word)[1:-1] for word in words)])

    def hide(self, text: str) -> str:
        """``text`` without secrets."""
        for word in self._words:
            text = text.replace(word, _BLOT)
        return _CREDENTIALS.sub(rf"\1{_BLOT}@", text)


class Context(logging.Filter):
    """Notes on each record what its thread is about; runs in the thread that logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always passes."""
        record.about = fields()
        return True


class HumanLines(logging.Formatter):
    """Time, level, logger, message; the page where the message does not name it."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
        self._secrets = secrets

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The first line."""
        about = getattr(record, "about", {})
        line = super().formatMessage(record)
        if "job" in about and str(about["job"]) not in line:
            line += f" (job {about['job']} page {about.get('page', '-')})"
        return line

    def format(self, record: logging.LogRecord) -> str:
        """The record, its traceback too, without secrets."""
        return self._secrets.hide(super().format(record))


class JsonLines(logging.Formatter):
    """One event per line: time, level, logger, process, worker, what it is about, message."""

    def __init__(self, secrets: Secrets, worker: str | None) -> None:
        super().__init__()
        self._secrets = secrets
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
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
        return self._secrets.hide(json.dumps(event, ensure_ascii=False, default=str))


def configure(settings: Settings, worker: str | None = None) -> None:
    """Log to stderr at the level and in the form of the settings."""
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
    # Somebody answers Celery's signal, so it installs no handlers of its own.
    signals.setup_logging.connect(_configured, weak=False)


def _configured(**_: object) -> None:
    """Logging is configured already."""
