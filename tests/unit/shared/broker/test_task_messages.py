"""The message of a page is small, because a window of them waits in the broker."""

import json

from shared.broker.page_state import Dispatch
from shared.broker.queues import page_queue
from shared.broker.sending.task_messages import page_message
from shared.domain.records.messages import PageMessage

JOB = f"{'0123456789abcdef' * 2}-{'01234567' * 2}"
PAGE = Dispatch(JOB, 123, 456, page_queue("fake", "normal"))


def test_a_message_names_its_queue_and_its_job_twice_and_nothing_without_need() -> None:
    message = page_message(PAGE, {})

    assert len(message) < 430
    assert message.count(PAGE.queue) == message.count(JOB) == 2


def test_a_worker_reads_the_page_from_the_message() -> None:
    envelope = json.loads(page_message(PAGE, {"traceparent": "x"}))

    _, named, _ = json.loads(envelope["body"])
    assert PageMessage.model_validate(named["message"]).page == 123
    assert envelope["headers"]["traceparent"] == "x"
