"""Log lines as JSON, one object each, with secrets masked."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

from shared.config.settings import Settings
from shared.console.printable import json_line

#: Libraries that are logged from warnings on.
QUIET = ("celery", "kombu", "amqp", "botocore", "boto3", "urllib3", "s3transfer", "PIL")
#: Without the scheme before it: a search for that would take quadratic time in a hostile line.
_CREDENTIALS = re.compile(r"://[^/\s@]*@")
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
        return _CREDENTIALS.sub(f"://{_MASK}@", text)


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


def log_to_stderr(formatter: logging.Formatter, level: str, *filters: logging.Filter) -> None:
    """Have every logger of this process write to stderr in this format, from ``level`` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    for each in filters:
        handler.addFilter(each)
    # No line shows the place in the code, the thread or its name, which cost as much as the rest.
    logging._srcfile = None
    logging.logThreads = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
