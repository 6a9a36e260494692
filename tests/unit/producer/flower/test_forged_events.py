"""Forged events, which would break Flower's list of tasks or be shown as HTML."""

import copy
from typing import Any

import pytest
from celery.events.state import State

from producer.flower.plain_events import plain_event, with_plain_events
from producer.flower.view import COLUMNS, format_task

HTML = "<img src=x onerror=alert(1)>"
RECEIVED: dict[str, Any] = {
    **{"type": "task-received", "uuid": "u", "hostname": "h"},
    **{"timestamp": 1.0, "local_received": 1.0, "clock": 1},
}


def shown(**fields: Any) -> dict[str, Any]:
    """What Flower lists of a task after an event with ``fields``."""
    state = State()
    with_plain_events(state.event)({**RECEIVED, **fields})
    listed: dict[str, Any] = format_task(copy.copy(state.tasks["u"])).as_dict()
    return listed


@pytest.mark.parametrize("value", [[HTML], {"a": HTML}, [[HTML]]])
def test_no_column_holds_a_list_or_an_object(value: Any) -> None:
    """Flower's page escapes only strings; a list of a string becomes an element of the page."""
    columns: dict[str, Any] = dict.fromkeys(set(COLUMNS) - {"uuid", "state", "worker"}, value)
    found = shown(**columns)
    assert [name for name in COLUMNS if isinstance(found.get(name), list | dict)] == []


@pytest.mark.parametrize(
    "name", ["_serializer_handlers", "as_dict", "children", "cluster_state", "event", "worker"]
)
def test_a_field_with_the_name_of_something_else_is_left_out(name: str) -> None:
    assert shown(routing_key="q", **{name: "x"})["routing_key"] == "q"


@pytest.mark.parametrize(
    "event",
    [
        *(None, [], "task-received"),
        *({**RECEIVED, name: 1} for name in ("uuid", "hostname", "type")),
        *({**RECEIVED, name: []} for name in ("uuid", "hostname", "type")),
        *({**RECEIVED, name: "now"} for name in ("timestamp", "local_received", "clock")),
    ],
)
def test_an_event_that_names_no_task_is_left_out(event: Any) -> None:
    assert plain_event(event) is None


def test_all_fields_of_a_worker_remain() -> None:
    beat = {
        **{"type": "worker-heartbeat", "hostname": "h", "timestamp": 1.0, "freq": 2, "active": 0},
        **{"loadavg": [0.1, 0.2, 0.3], "sw_ident": "py-celery", "processed": 3, "pid": 9},
    }
    assert plain_event(beat) == beat
