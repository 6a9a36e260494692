"""Validates messages from the queues before they are used."""

import logging
from collections.abc import Collection
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.broker.dispatch_state import DispatchState
from shared.console.printable import json_line
from shared.domain.errors import UsageError
from shared.domain.object_keys import check_job_id
from shared.domain.records.messages import PageMessage, ReduceMessage
from workers.observability import metrics

log = logging.getLogger("pagefleet.messages")
MAX_STORED_CHARACTERS = 10_000
MAX_REASON_CHARACTERS = 300
_Message = TypeVar("_Message", PageMessage, ReduceMessage)


def parse_message(
    kind: type[_Message],
    message: Any,
    dispatch_state: DispatchState,
    queues: Collection[str] = (),
) -> _Message | None:
    """The message as a record, or None where it is refused.

    A page message that does not name one of ``queues``, those of this worker, is refused.

    A refused message (another schema, damaged) is stored in the broker, because a newer worker
    may understand it.
    """
    try:
        record = validated(kind, message)
        _check_queue(record, queues)
        return record
    except UsageError as error:
        refuse(dispatch_state, json_line(message), error.message)
        return None


def validated(kind: type[_Message], message: Any) -> _Message:
    """The message as a record; raises UsageError."""
    try:
        record = kind.model_validate(message)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    check_job_id(record.job_id)
    return record


def _check_queue(record: PageMessage | ReduceMessage, queues: Collection[str]) -> None:
    if isinstance(record, PageMessage) and record.queue not in queues:
        # It would lease, release and finish the page in the name of another pool.
        raise UsageError(f"queue: {record.queue} is not a queue of this worker")


def refuse(dispatch_state: DispatchState, text: str, reason: str) -> None:
    """Log a message that cannot be used, count it, and store its beginning in the broker."""
    log.error("refused a message: %s", reason[:MAX_REASON_CHARACTERS])
    metrics.MESSAGES_REFUSED.inc()
    dispatch_state.sweeper.keep_refused(text[:MAX_STORED_CHARACTERS])
