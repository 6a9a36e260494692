"""The table of triggers: which of them run with which options."""

from collections import Counter
from pkgutil import resolve_name

import pytest

from producer.watching.triggers.registry import (
    TRIGGERS,
    Place,
    TriggerRow,
    select_triggers,
    trigger_options,
)
from shared.domain.errors import UsageError

SQS = {"queue_url": "https://sqs.eu-west-1.amazonaws.com/1/drops"}
PUSHED = {"listen": "127.0.0.1:8090", "secret_file": "secret"}


def selected(options: dict[str, str], place: Place) -> list[str]:
    return [row.factory.rpartition(":")[2] for row in select_triggers(options, place)]


@pytest.mark.parametrize("row", TRIGGERS, ids=lambda row: row.factory)
def test_every_row_names_a_class_with_the_methods_of_a_trigger(row: TriggerRow) -> None:
    trigger = resolve_name(row.factory)

    assert all(callable(getattr(trigger, name)) for name in ("start", "loops", "stop"))


def test_no_two_options_have_the_same_name() -> None:
    names = Counter(option.name for option in trigger_options())

    assert set(names.values()) == {1}


@pytest.mark.parametrize(
    ("options", "place", "triggers"),
    [
        ({}, "bucket", []),
        ({}, "folder", ["FolderEvents"]),
        (SQS, "bucket", ["QueueEvents"]),
        (PUSHED, "bucket", ["PushedEvents"]),
        ({**SQS, **PUSHED}, "bucket", ["QueueEvents", "PushedEvents"]),
        ({"secret_file": "secret"}, "folder", ["FolderEvents"]),
    ],
)
def test_a_trigger_runs_when_its_first_option_is_set(
    options: dict[str, str], place: Place, triggers: list[str]
) -> None:
    assert selected(options, place) == triggers


@pytest.mark.parametrize(
    ("options", "place", "message"),
    [
        (SQS, "folder", "--queue-url can't watch a folder"),
        (PUSHED, "folder", "--listen can't watch a folder"),
        ({"listen": "127.0.0.1:8090"}, "bucket", "--listen needs --secret-file FILE"),
    ],
)
def test_options_that_can_not_work_are_refused(
    options: dict[str, str], place: Place, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        select_triggers(options, place)
