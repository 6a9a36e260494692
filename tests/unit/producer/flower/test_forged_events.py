"""Values of forged events, which Flower's page would show as HTML."""

import copy
from typing import Any

import pytest
from celery.events.state import State

from producer.flower.view import COLUMNS, format_task

HTML = "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize("value", [[HTML], {"a": HTML}, [[HTML]]])
def test_no_column_holds_a_list_or_an_object(value: Any) -> None:
    """Flower's page escapes only strings; a list of a string becomes an element of the page."""
    fields = {name: value for name in COLUMNS if name not in ("uuid", "state", "worker")}
    state = State()
    times = {"timestamp": 1.0, "local_received": 1.0, "clock": 1}
    state.event({"type": "task-received", "uuid": "u", "hostname": "h", **times, **fields})

    shown = format_task(copy.copy(state.tasks["u"])).as_dict()

    found = {name: shown.get(name) for name in COLUMNS}
    assert [name for name, each in found.items() if isinstance(each, list | dict)] == []
