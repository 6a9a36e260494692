"""``pagefleet doctor``: looks at everything a producer needs; repairs from the store."""

from collections.abc import Iterator

from producer.connections import Connections
from shared.config.settings import Settings, load_settings
from shared.console import checks
from shared.console.checks import Check, run_check
from shared.console.probes import common_checks
from shared.domain import object_keys
from shared.domain.errors import UsageError
from shared.jobs.activation import open_job


def examine(as_json: bool, repair: bool) -> int:
    """Print every finding; the exit status is 5 where something is broken."""
    settings = load_settings()
    if repair and settings.redis_url is None:
        raise UsageError("--repair needs a broker: set PAGEFLEET_REDIS_URL")
    return checks.print_checks(_examine(settings, repair), as_json)


def _examine(settings: Settings, repair: bool) -> Iterator[Check]:
    yield from common_checks(settings)
    connections = Connections(settings)
    if settings.redis_url is not None:
        yield run_check("workers", lambda: _workers(connections))
    if repair:
        yield run_check("repair", lambda: _repair(connections))


def _workers(connections: Connections) -> Check:
    dispatch_state = connections.dispatch_state
    live = [
        worker
        for engine in dispatch_state.engines()
        for worker in dispatch_state.live_workers(engine)
    ]
    if not live:
        mend = "start some: pagefleet-worker start"
        return Check("workers", "warning", "no live pages worker", mend)
    named = ", ".join(f"{worker.name} ({worker.engine}, {worker.capacity})" for worker in live)
    return Check("workers", "ok", named)


def _repair(connections: Connections) -> str:
    """Make every open job of the store hot again."""
    opened = 0
    for key in connections.store.list(object_keys.OPEN):
        manifest = connections.jobs.manifest(key.removeprefix(object_keys.OPEN))
        if manifest is None or connections.jobs.done(manifest.job_id) is not None:
            continue
        if connections.dispatch_state.job_state(manifest.job_id) is None:
            open_job(manifest, connections.jobs, connections.dispatch_state, connections.dispatcher)
            opened += 1
    connections.dispatcher.sweep()
    return f"{opened} open jobs taken up from the store; a sweep was asked for"
