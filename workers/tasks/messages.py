"""Validates messages from the queues before they are used."""

import json
import logging
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.broker.dispatch_state import DispatchState
from shared.domain.records import Record

log = logging.getLogger("pagefleet.messages")
MAX_STORED_CHARACTERS = 10_000
_Record = TypeVar("_Record", bound=Record)


def parse_message(
    kind: type[_Record], message: Any, dispatch_state: DispatchState
) -> _Record | None:
    """The message as a record, or None where it is refused.

    A refused message (another schema, damaged) is stored in the broker, because a newer worker
    may understand it.
    """
    try:
        return kind.model_validate(message)
    except ValidationError as error:
        first = error.errors()[0]
        log.error("refused a message: %s: %s", ".".join(map(str, first["loc"])), first["msg"])
        dispatch_state.sweeper.keep_refused(json.dumps(message)[:MAX_STORED_CHARACTERS])
        return None
