"""A Celery consumer that no message can end.

Celery discards a message without a task, and an unexpected field of a message ends its event loop
and with it the worker and its engine. Here such a message is stored for inspection.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from celery.worker.consumer import Consumer

from shared.domain.errors import TransientError

log = logging.getLogger("pagefleet.messages")
#: Stores a message that cannot become a task; gets its text and the reason.
Refuse = Callable[[str, str], None]
#: Headers that could delay a task, end it or start others; pagefleet sends none of them.
_UNUSED_HEADERS = ("eta", "expires", "group", "shadow", "stamped_headers")


def guarded_consumer(refuse: Refuse) -> type[Consumer]:
    """The consumer class of a worker that passes what it refuses to ``refuse``."""

    class GuardedConsumer(Consumer):  # type: ignore[misc]  # celery has no types
        """Tests each message before Celery does."""

        def create_task_handler(self, *arguments: Any, **options: Any) -> Callable[[Any], None]:
            """Celery's handler of messages, behind the test."""
            handle = super().create_task_handler(*arguments, **options)

            def on_message(message: Any) -> None:
                try:
                    check(message, self.app.tasks)
                    handle(message)
                except self.connection_errors:
                    raise
                except Exception as error:  # whatever it is, it must not end the engine
                    self._refuse(message, error)

            return on_message

        def on_decode_error(self, message: Any, exc: Exception) -> None:
            """A message whose body cannot be read."""
            self._refuse(message, exc)

        def _refuse(self, message: Any, error: Exception) -> None:
            try:
                refuse(text_of(message), f"{type(error).__name__}: {error}")
                message.reject()
            except (TransientError, *self.connection_errors) as lost:
                # It is not acknowledged, so it comes back.
                log.warning("a refused message is not stored yet: %s", lost)

    return GuardedConsumer


def check(message: Any, tasks: Mapping[str, Any]) -> None:
    """Raise an error where ``message`` is no plain call of one of ``tasks``."""
    headers = message.headers or {}
    task = tasks.get(str(headers.get("task")))
    if task is None or not isinstance(headers.get("id"), str):
        raise ValueError("no task of this worker")
    if any(headers.get(name) for name in _UNUSED_HEADERS):
        raise ValueError("a header that pagefleet does not use")
    if any(headers.get("timelimit") or ()):
        raise ValueError("a time limit, which pagefleet does not use")
    arguments, named, embedded = message.payload
    if any((embedded or {}).values()):
        raise ValueError("other tasks in the message")
    task.__header__(*arguments, **named)


def text_of(message: Any) -> str:
    """The body of ``message`` as text."""
    body = message.body
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body)


def log_refused(_text: str, reason: str) -> None:
    """Log a message that was refused, where nothing stores it."""
    log.error("refused a message: %s", reason)
