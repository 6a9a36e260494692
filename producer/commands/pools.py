"""``pagefleet pools``: shows, declares and withdraws the pools of a fleet."""

from collections.abc import Sequence
from typing import Any

from producer.connections import Connections
from shared.broker.dispatch_state import DispatchState
from shared.config.settings import load_settings
from shared.console.entry_point import print_message
from shared.console.printable import json_line, printable
from shared.domain.errors import ExitCode
from shared.domain.pools import engine_of, parse_pool

HOUR_S = 3600


def show_pools(as_json: bool) -> int:
    """Print each pool that the fleet has or declares."""
    dispatch_state = Connections(load_settings()).dispatch_state
    facts = _facts(dispatch_state)
    for fact in facts:
        print(json_line(fact) if as_json else _text(fact))
    if not facts and not as_json:
        print_message("no pools (pagefleet pools declare ENGINE)")
    return ExitCode.OK


def declare_pools(words: Sequence[str], hours: float) -> int:
    """Declare the named pools for ``hours``; prints their ids."""
    pools = [parse_pool(word) for word in words]
    Connections(load_settings()).dispatch_state.pools.declare(pools, hours * HOUR_S)
    for pool in pools:
        print(pool.id)
    return ExitCode.OK


def withdraw_pools(words: Sequence[str]) -> int:
    """End the declarations of pools, which are named by id or as they were declared."""
    dispatch_state = Connections(load_settings()).dispatch_state
    known = dispatch_state.pools.ids()
    ids = [word if word in known else parse_pool(word).id for word in words]
    print_message(f"{dispatch_state.pools.withdraw(ids)} declarations ended")
    return ExitCode.OK


def _facts(dispatch_state: DispatchState) -> list[dict[str, Any]]:
    declared = {each.pool.id: each for each in dispatch_state.pools.declared()}
    now = dispatch_state.now()
    facts = []
    for identifier in dispatch_state.pools.ids():
        found = declared.get(identifier)
        fact = {
            "pool": identifier,
            "engine": engine_of(identifier),
            "model": found.pool.model if found else None,
            "revision": found.pool.revision if found else None,
            "declared_s": round(found.expires - now) if found else None,
            "workers": len(dispatch_state.workers.live(identifier)),
            "outstanding": dispatch_state.pages.outstanding(identifier),
        }
        facts.append(fact)
    return facts


def _text(fact: dict[str, Any]) -> str:
    declared = f"declared for {fact['declared_s']} s" if fact["model"] else "not declared"
    revision = f"@{fact['revision']}" if fact["revision"] else ""
    model = f"{fact['model'] or '-'}{revision}"
    work = f"{fact['workers']} workers, {fact['outstanding']} pages outstanding"
    return printable(f"{fact['pool']}  {model}  {work}, {declared}")
