"""Fuzzer of queue messages: envelopes are always readable, bodies valid or refused in words."""

import base64
import json
import random
from typing import Any, TypeVar

from shared.broker.transport.kombu_guard import envelope_of, restorable
from shared.domain.errors import UsageError
from shared.domain.object_keys import is_job_id
from shared.domain.records.messages import PageMessage, ReduceMessage
from tests.system.fuzz.fuzzing import fuzzer
from tests.system.fuzz.values import cut, damaged, with_nested
from workers.tasks.messages import validated

_Message = TypeVar("_Message", PageMessage, ReduceMessage)
_ID = "0" * 16 + "-" + "0" * 8
_PAGE = {"schema": 1, "job_id": _ID, "page": 1, "seq": 1, "queue": "pages.fake.normal"}
_REDUCE = {"schema": 1, "job_id": _ID}


def _element(source: random.Random) -> tuple[Any, bytes]:
    """The body of a message, and an element of a queue with such a body."""
    body = damaged(source, source.choice((_PAGE, _REDUCE)))
    envelope = {
        "body": base64.b64encode(json.dumps([[], {"message": body}, {}]).encode()).decode(),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "pagefleet.page", "id": "x"},
        "properties": {
            "delivery_tag": "t",
            "delivery_info": {"exchange": "q", "routing_key": "q"},
            "body_encoding": "base64",
        },
    }
    data = json.dumps(damaged(source, envelope)).encode()
    if source.random() < 0.05:
        return body, with_nested(source, data)
    return body, cut(source, data) if data and source.random() < 0.3 else data


def _faults(case: tuple[Any, bytes]) -> list[str]:
    body, element = case
    restorable(b"[" + element + b', "reduce", "reduce"]')
    properties = envelope_of(element, "q")["properties"]
    faults = [] if isinstance(properties["delivery_tag"], str) else ["no delivery tag"]
    return [*faults, *_body_faults(PageMessage, body), *_body_faults(ReduceMessage, body)]


def _body_faults(kind: type[_Message], body: Any) -> list[str]:
    try:
        job_id = validated(kind, body).job_id
    except UsageError:
        return []
    return [] if is_job_id(job_id) else [f"no job id: {job_id!r}"]


fuzz = fuzzer(_element, _faults)
