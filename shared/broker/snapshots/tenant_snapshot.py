"""The tenants of one pool at one moment, read within the round trips of the whole snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.broker.connection import KEY_PREFIX
from shared.broker.untrusted_json import is_short_text
from shared.domain.lanes import PRIORITIES

#: Tenants that a snapshot holds at most; the settings allow fewer.
MOST = 1500
Command = tuple[Any, ...]
Answers = Mapping[str, Any]


@dataclass(frozen=True)
class TenantSnapshot:
    """A tenant with open jobs or outstanding pages; "" is that of jobs without the label."""

    name: str
    outstanding: int
    open_jobs: int
    #: Open jobs with pages that are not dispatched yet.
    backlog_jobs: int
    #: Its quota keeps pages back.
    at_quota: bool


def tenant_commands(pool_id: str) -> Iterator[tuple[str, Command]]:
    """What the second round trip asks for a pool, by name."""
    yield "load", ("hgetall", f"{KEY_PREFIX}load:{pool_id}")
    yield "at quota", ("hkeys", f"{KEY_PREFIX}at_quota:{pool_id}")
    for lane in PRIORITIES:
        yield f"tenants {lane}", ("zrange", f"{KEY_PREFIX}tenants:{pool_id}:{lane}", 0, MOST - 1)
        yield f"open {lane} by tenant", ("hgetall", f"{KEY_PREFIX}open:{pool_id}:{lane}")


def backlog_commands(pool_id: str, answers: Answers) -> dict[tuple[str, str, str], Command]:
    """What the third round trip asks, by pool, lane and tenant."""
    return {
        (pool_id, lane, name): ("zcard", f"{KEY_PREFIX}turns:{pool_id}:{lane}:{name}")
        for lane in PRIORITIES
        for name in _names(answers)
        if name
    }


def tenants_of(
    pool_id: str, answers: Answers, backlog: Mapping[tuple[str, str, str], int]
) -> tuple[TenantSnapshot, ...]:
    """The tenants, those with the most outstanding pages first."""
    found = (
        TenantSnapshot(
            name=name,
            outstanding=_number(answers["load"].get(name)),
            open_jobs=sum(
                _number(answers[f"open {lane} by tenant"].get(name)) for lane in PRIORITIES
            ),
            backlog_jobs=sum(
                backlog[pool_id, lane, name] if name else answers[f"backlog {lane}"]
                for lane in PRIORITIES
            ),
            at_quota=name in answers["at quota"],
        )
        for name in _names(answers)
    )
    return tuple(sorted(found, key=lambda each: (-each.outstanding, each.name)))


def _names(answers: Answers) -> list[str]:
    names = {*answers["load"], *answers["at quota"]}
    for lane in PRIORITIES:
        names |= {*answers[f"tenants {lane}"], *answers[f"open {lane} by tenant"]}
    return sorted(filter(is_short_text, names))[:MOST]


def _number(text: Any) -> int:
    """A count; 0 for what is none, because any client of the broker may have written it."""
    return int(text) if isinstance(text, str) and text.isdecimal() and len(text) < 16 else 0
