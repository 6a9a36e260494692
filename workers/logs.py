"""Log lines: for people on a terminal, one JSON object each for machines."""

import json
import logging
import sys
from datetime import UTC, datetime

from shared.settings import Settings

QUIET = ("celery", "kombu", "amqp", "botocore", "boto3", "urllib3", "s3transfer", "PIL")


class JsonLines(logging.Formatter):
    """One event per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON with time, level, logger and message."""
        event = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        return json.dumps(event, ensure_ascii=False)


def configure(settings: Settings) -> None:
    """Log to stderr at the level and in the form of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    human = settings.log_format == "human" or (
        settings.log_format == "auto" and sys.stderr.isatty()
    )
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
    handler.setFormatter(plain if human else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
