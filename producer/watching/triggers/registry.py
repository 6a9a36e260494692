"""The table of triggers: the options of ``pagefleet watch`` and its threads come from it.

This module imports no trigger, so that ``pagefleet --help`` loads none. Polling is not in the
table: it always runs, see ``polling``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, Literal

from shared.domain.errors import UsageError

if TYPE_CHECKING:
    from producer.watching.triggers.trigger import Trigger, TriggerContext

Place = Literal["bucket", "folder"]


@dataclass(frozen=True)
class TriggerOption:
    """An option of ``pagefleet watch`` that takes one text value."""

    flag: str
    metavar: str
    help: str

    @property
    def name(self) -> str:
        """The name of its value: ``queue_url`` for ``--queue-url``."""
        return self.flag.removeprefix("--").replace("-", "_")


@dataclass(frozen=True)
class TriggerRow:
    """One trigger; without options it always runs, else only when its first one is set.

    A trigger that runs needs all its options.
    """

    #: ``module:class``; the class takes a TriggerContext and is a Trigger.
    factory: str
    #: The kinds of place that it can watch.
    places: tuple[Place, ...]
    options: tuple[TriggerOption, ...] = ()

    def create(self, context: "TriggerContext") -> "Trigger":
        """Load the trigger and construct it; raises UsageError."""
        trigger: Trigger = resolve_name(self.factory)(context)
        return trigger

    def values(self, options: Mapping[str, str]) -> dict[str, str]:
        """The values of this trigger's own options among ``options``."""
        names = (option.name for option in self.options)
        return {name: options[name] for name in names if name in options}

    def is_selected(self, options: Mapping[str, str], place: Place) -> bool:
        """Whether this trigger runs; raises UsageError where its options can't work."""
        if not self.options:
            return place in self.places
        first = self.options[0]
        if not options.get(first.name):
            return False
        if place not in self.places:
            raise UsageError(f"{first.flag} can't watch a {place}, only a {self.places[0]}")
        for option in self.options:
            if not options.get(option.name):
                raise UsageError(f"{first.flag} needs {option.flag} {option.metavar}")
        return True


TRIGGERS: tuple[TriggerRow, ...] = (
    TriggerRow(
        factory="producer.watching.triggers.queue_events:QueueEvents",
        places=("bucket",),
        options=(TriggerOption("--queue-url", "URL", "SQS queue with the bucket's events."),),
    ),
    TriggerRow(
        factory="producer.watching.triggers.pushed_events:PushedEvents",
        places=("bucket",),
        options=(
            TriggerOption("--listen", "HOST:PORT", "Listen for events that the store sends."),
            TriggerOption("--secret-file", "FILE", "Secret with which senders sign their events."),
        ),
    ),
    TriggerRow(
        factory="producer.watching.triggers.folder_events:FolderEvents",
        places=("folder",),
    ),
)


def pop_trigger_values(options: dict[str, Any]) -> dict[str, str]:
    """Remove the values of all trigger options from ``options``; returns those that are set."""
    values = {option.name: options.pop(option.name, None) for option in trigger_options()}
    return {name: value for name, value in values.items() if value}


def trigger_options() -> Iterator[TriggerOption]:
    """The options of all triggers, in the order of the table."""
    for row in TRIGGERS:
        yield from row.options


def select_triggers(
    options: Mapping[str, str], place: Place, table: Sequence[TriggerRow] = TRIGGERS
) -> list[TriggerRow]:
    """The triggers that run with these values of their options; raises UsageError."""
    return [row for row in table if row.is_selected(options, place)]
