"""The message of a page or a merge, as Celery reads it, without fields that it can do without.

Celery writes 1,100 bytes around each page, most of them empty fields, and sends every message with
a command of its own. These messages go to the list of their queue directly, many in one command.
"""

import json
import secrets
from collections.abc import Mapping

from shared.broker.page_state import Dispatch, page_id
from shared.broker.queues import PAGE_TASK, REDUCE, REDUCE_TASK
from shared.domain.records.base import to_plain
from shared.domain.records.messages import PageMessage, ReduceMessage

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def page_message(page: Dispatch, headers: Mapping[str, str]) -> str:
    """The element of the queue's list that makes a worker read ``page``."""
    identifier = page_id(page.job_id, page.page)
    return _message(PAGE_TASK, identifier, page.queue, _plain(page), headers)


def reduce_message(job_id: str, headers: Mapping[str, str]) -> str:
    """The element of the list of reducers that makes one of them write the document of a job."""
    plain = to_plain(ReduceMessage(job_id=job_id))
    return _message(REDUCE_TASK, f"{job_id}/reduce", REDUCE, plain, headers)


def _message(
    task: str,
    identifier: str,
    queue: str,
    content: Mapping[str, object],
    headers: Mapping[str, str],
) -> str:
    return _compact(
        {
            # Positional arguments, named arguments, and further tasks, which pagefleet never uses.
            "body": _compact([[], {"message": content}, {}]),
            "content-type": "application/json",
            "headers": {"task": task, "id": identifier, **headers},
            "properties": {
                # The default exchange leads to the queue with the name of the routing key.
                "delivery_info": {"exchange": "", "routing_key": queue},
                "delivery_tag": secrets.token_urlsafe(12),
            },
        }
    )


def shown_page(page: Dispatch) -> str:
    """The arguments of the task as Flower shows them."""
    return shown_message(_plain(page))


def shown_message(message: Mapping[str, object]) -> str:
    """The same for a message that a worker received."""
    return " ".join(f"{key}={value}" for key, value in message.items() if key != "schema")


def _plain(page: Dispatch) -> dict[str, object]:
    message = PageMessage(job_id=page.job_id, page=page.page, seq=page.seq, queue=page.queue)
    return to_plain(message)


def _compact(value: object) -> str:
    return _ENCODER.encode(value)
