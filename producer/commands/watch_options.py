"""The options of ``pagefleet watch`` as a typed value; see cli_options.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from producer.commands.cli_options import RequestArguments
from producer.watching.triggers.registry import pop_trigger_values


@dataclass(frozen=True, kw_only=True)
class WatchOptions(RequestArguments):
    """``pagefleet watch``; times are in seconds."""

    source: str
    to: str | None
    after: Literal["keep", "move", "delete"]
    period: float | None
    lists: int
    settle: float | None
    max_open: int
    once: bool
    wait_for_services: bool
    as_json: bool
    quiet: bool
    #: Set options of triggers.
    trigger_options: Mapping[str, str]

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """See RequestArguments."""
        others = dict(values)
        trigger_values = pop_trigger_values(others)
        return super().parse({**others, "trigger_options": trigger_values})
