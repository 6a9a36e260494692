"""Publishes the messages of dispatched pages.

The dispatch state changes first, the message follows. A crash between the two leaves a queued page
without a message; the sweeper finds it when pages that were dispatched later have started.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import ResponseError

from shared.broker.celery_app import make_app
from shared.broker.connection import AWAY, refused_for_now, shown_address
from shared.broker.dispatch_state import DispatchState
from shared.broker.page_state import Dispatch
from shared.broker.queues import MAINTENANCE, REDUCE, SWEEP_TASK, declare
from shared.broker.sending.sent_events import SentEvents
from shared.broker.sending.task_messages import page_message, reduce_message
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable
from shared.domain.retry import doubling, retry
from shared.telemetry.factory import tracing_of
from shared.telemetry.tracing import Tracing

#: Messages that one command sends at most.
BATCH = 200
#: Seconds between attempts to send messages of pages that are recorded as queued already.
PUSH_PAUSES_S = doubling(0.2, 3)


class Dispatcher:
    """Sends tasks by name; thread-safe; raises BrokerUnreachable."""

    def __init__(
        self,
        settings: Settings,
        dispatch_state: DispatchState,
        app: Celery | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.tracing = tracing or tracing_of(settings, "pagefleet")
        self._settings = settings
        self._dispatch_state = dispatch_state
        self._app = app or make_app(settings)
        self._sent_events = SentEvents(self._app)
        self._queues: dict[str, object] = {}

    def of(self, job_id: str) -> "Dispatcher":
        """The dispatcher of the broker that has this job: this one."""
        return self

    def top_up(self, pool: str, lane: str, *, force: bool = False) -> int:
        """Dispatch pages of open jobs by turns; returns how many."""
        pages = self._dispatch_state.pages.dispatch(pool, lane, force=force)
        self.publish(pages)
        return len(pages)

    def publish(self, pages: Sequence[Dispatch]) -> None:
        """Send the message of each page, many in one round trip."""
        for start in range(0, len(pages), BATCH):
            batch = pages[start : start + BATCH]
            retry(partial(self._push, batch), BrokerUnreachable, PUSH_PAUSES_S)
            self._sent_events.publish(batch)

    def _push(self, pages: Sequence[Dispatch]) -> None:
        """Send some messages, those of each queue with one command.

        Where an answer is lost they are sent twice: duplicates are acknowledged unread.
        """
        queues: dict[str, list[str]] = {}
        for page in pages:
            message = page_message(page, self.tracing.headers(page.job_id))
            queues.setdefault(page.queue, []).append(message)
        for queue, messages in queues.items():
            self._dispatch_state.pages.push(queue, messages)

    def reduce(self, job_id: str) -> None:
        """Send a reduce message, which has the job's document written."""
        message = reduce_message(job_id, self.tracing.headers(job_id))
        self._dispatch_state.pages.push(REDUCE, [message])

    def sweep(self) -> None:
        """Send a sweep message, which starts one round of repairs."""
        with self._connection_errors():
            self._app.send_task(SWEEP_TASK, queue=self._queue(MAINTENANCE))

    def _queue(self, name: str) -> object:
        if name not in self._queues:
            self._queues[name] = declare([name])[0]
        return self._queues[name]

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, ResponseError, *AWAY) as error:
            refusal = refused_for_now(error.__cause__ or error, self._settings)
            if refusal is None and isinstance(error, ResponseError):
                raise
            address = shown_address(self._settings)
            unreachable = BrokerUnreachable(f"broker {address} does not take messages")
            raise refusal or unreachable from error
