"""``pagefleet pools``: shows, declares and withdraws the pools of a fleet."""

from collections.abc import Sequence
from typing import Any

from producer.connections import Connections
from shared.broker.dispatch_state import DispatchState
from shared.config.settings import load_settings
from shared.console.entry_point import print_message
from shared.console.printable import json_line, printable
from shared.domain.catalogue import CATALOGUE
from shared.domain.pools import Pool, checked_pool, engine_of, parse_pool

HOUR_S = 3600


def show_pools(as_json: bool) -> int:
    """Print each pool that the fleet has or declares."""
    connections = Connections(load_settings())
    facts = _facts(connections.dispatch_state)
    for fact in facts:
        print(json_line(fact) if as_json else _text(fact))
    if not facts and not as_json:
        print_message("no pools (pagefleet pools declare ENGINE)")
    return connections.reach()


def declare_pools(words: Sequence[str], hours: float) -> int:
    """Declare the named pools for ``hours``; prints their ids."""
    pools = [parse_pool(word) for word in words]
    connections = Connections(load_settings())
    connections.dispatch_state.pools.declare(pools, hours * HOUR_S)
    for pool in pools:
        print(pool.id)
    return connections.reach()


def withdraw_pools(words: Sequence[str]) -> int:
    """End the declarations of pools, which are named by id or as they were declared."""
    connections = Connections(load_settings())
    dispatch_state = connections.dispatch_state
    known = dispatch_state.pools.ids()
    ids = [word if word in known else parse_pool(word).id for word in words]
    print_message(f"{dispatch_state.pools.withdraw(ids)} declarations ended")
    return connections.reach()


def _facts(dispatch_state: DispatchState) -> list[dict[str, Any]]:
    declared = {each.pool.id: each for each in dispatch_state.pools.declared()}
    now = dispatch_state.now()
    facts = []
    for identifier in dispatch_state.pools.ids():
        found = declared.get(identifier)
        pool = found.pool if found else _default_pool(identifier)
        fact = {
            "pool": identifier,
            "engine": engine_of(identifier),
            "model": pool.model if pool else None,
            "revision": pool.revision if pool else None,
            "declared_s": round(found.expires - now) if found else None,
            "workers": len(dispatch_state.workers.live(identifier)),
            "outstanding": dispatch_state.pages.outstanding(identifier),
        }
        facts.append(fact)
    return facts


def _default_pool(identifier: str) -> Pool | None:
    """The pool of an engine's default model; the id of another model does not tell the model."""
    return checked_pool(identifier) if identifier in CATALOGUE else None


def _text(fact: dict[str, Any]) -> str:
    seconds = fact["declared_s"]
    declared = "not declared" if seconds is None else f"declared for {seconds} s"
    revision = f"@{fact['revision']}" if fact["revision"] else ""
    model = f"{fact['model'] or '-'}{revision}"
    work = f"{fact['workers']} workers, {fact['outstanding']} pages outstanding"
    return printable(f"{fact['pool']}  {model}  {work}, {declared}")
