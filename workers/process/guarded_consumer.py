"""A Celery consumer that no message can end.

Celery discards a message without a task, and an unexpected field of a message ends its event loop
and with it the worker and its engine. Here such a message is stored for inspection.

Celery also acknowledges and rejects messages in its event loop, where each one waits for a silent
broker. Here a thread does it.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from celery.worker.consumer import Consumer

from shared.broker.sending.task_messages import shown_message
from shared.domain.errors import TransientError
from workers.process.background_calls import BackgroundCalls

log = logging.getLogger("pagefleet.messages")
#: Characters of a message that events show; any client of the broker may have sent it.
MAX_SHOWN = 500
#: Stores a message that cannot become a task; gets its text and the reason.
Refuse = Callable[[str, str], None]
#: Headers that could delay a task, end it or start others; pagefleet sends none of them.
_UNUSED_HEADERS = ("eta", "expires", "group", "shadow", "stamped_headers")


class GuardedConsumer(Consumer):  # type: ignore[misc]  # celery has no types
    """Tests each message before Celery does; see ``guarded_consumer``."""

    refuse: Refuse
    calls: BackgroundCalls

    def create_task_handler(self, *arguments: Any, **options: Any) -> Callable[[Any], None]:
        """Celery's handler of messages, behind the test."""
        handle = super().create_task_handler(*arguments, **options)

        def on_message(message: Any) -> None:
            try:
                check(message, self.app.tasks)
                describe(message)
                handle(message)
            except self.connection_errors:
                raise
            except Exception as error:  # whatever it is, it must not end the engine
                self.call_soon_ack(self._refuse, message, error)

        return on_message

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """A message whose body cannot be read."""
        self.call_soon_ack(self._refuse, message, exc)

    def call_soon_ack(self, p: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        """Acknowledge or reject a message; Celery would do it in its event loop."""

        def answer() -> None:
            try:
                p(*arguments, **options)
            finally:
                # There is room for another message now, which the loop may not know.
                self.hub.call_soon(_nothing)

        self.calls.add(answer)

    def _refuse(self, message: Any, error: Exception) -> None:
        try:
            self.refuse(text_of(message), f"{type(error).__name__}: {error}")
            message.reject()
        except (TransientError, *self.connection_errors) as lost:
            # It is not acknowledged, so it comes back.
            log.warning("a refused message is not stored yet: %s", lost)


def guarded_consumer(refuse: Refuse, calls: BackgroundCalls) -> type[GuardedConsumer]:
    """The consumer class of a worker that passes what it refuses to ``refuse``.

    ``calls`` acknowledges, rejects and refuses messages.
    """
    bound = {"refuse": staticmethod(refuse), "calls": calls}
    return type("BoundConsumer", (GuardedConsumer,), bound)


def _nothing() -> None:
    """Wakes the event loop."""


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
    arguments, named, embedded = _payload(message)
    if any((embedded or {}).values()):
        raise ValueError("other tasks in the message")
    task.__header__(*arguments, **named)


def _payload(message: Any) -> Any:
    """The decoded body, which the message keeps; kombu decodes JSON with a slow hook."""
    if message.content_type == "application/json" and not message.content_encoding:
        message._decoded_cache = json.loads(message.body)
    return message.payload


def describe(message: Any) -> None:
    """Have Celery's events name the page of a message, whose headers leave that out."""
    _, named, _ = message.payload
    content = named.get("message")
    if isinstance(content, dict):
        message.headers.setdefault("kwargsrepr", shown_message(content)[:MAX_SHOWN])


def text_of(message: Any) -> str:
    """The body of ``message`` as text."""
    body = message.body
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body)


def log_refused(_text: str, reason: str) -> None:
    """Log a message that was refused, where nothing stores it."""
    log.error("refused a message: %s", reason)
