"""The message of a page, as Celery and kombu read it, without the fields that they can do without.

Celery writes 1,100 bytes around each page, most of them empty fields, and sends every message with
a command of its own. These messages go to the list of their queue directly, many in one command.
"""

import json
import secrets
from collections.abc import Mapping

from shared.broker.page_state import Dispatch, page_id
from shared.broker.queues import PAGE_TASK
from shared.domain.records import PageMessage, to_plain


def page_message(page: Dispatch, headers: Mapping[str, str]) -> str:
    """The element of the queue's list that makes a worker read ``page``."""
    return _compact(
        {
            "body": _body(page),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"task": PAGE_TASK, "id": page_id(page.job_id, page.page), **headers},
            "properties": {
                "delivery_info": {"exchange": page.queue, "routing_key": page.queue},
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


def _body(page: Dispatch) -> str:
    """Positional arguments, named arguments, and further tasks, which pagefleet does not use."""
    return _compact([[], {"message": _plain(page)}, {}])


def _plain(page: Dispatch) -> dict[str, object]:
    message = PageMessage(job_id=page.job_id, page=page.page, seq=page.seq, queue=page.queue)
    return to_plain(message)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
