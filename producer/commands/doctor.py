"""``pagefleet doctor``: checks everything a producer needs; --repair rebuilds dispatch state."""

from collections.abc import Iterator

from producer.connections import Connections
from producer.status.find_jobs import open_jobs
from shared.config.settings import Settings, load_settings
from shared.console import checks
from shared.console.checks import Check, run_check
from shared.console.probes import common_checks
from shared.domain.errors import UsageError
from shared.jobs.activation import open_job


def run_checks(as_json: bool, repair: bool) -> int:
    """Print every check; the exit code is 5 where one of them fails."""
    settings = load_settings()
    if repair and settings.redis_url is None:
        raise UsageError("--repair needs a broker: set PAGEFLEET_REDIS_URL")
    return checks.print_checks(_checks(settings, repair), as_json)


def _checks(settings: Settings, repair: bool) -> Iterator[Check]:
    yield from common_checks(settings)
    connections = Connections(settings)
    if settings.redis_url is not None:
        yield run_check("workers", lambda: _check_workers(connections))
        yield run_check("pools", lambda: _check_pools(connections))
    if repair:
        yield run_check("repair", lambda: _repair(connections))


def _check_workers(connections: Connections) -> Check:
    dispatch_state = connections.dispatch_state
    workers = [
        worker
        for pool in dispatch_state.pools.ids()
        for worker in dispatch_state.workers.live(pool)
    ]
    if not workers:
        fix = "start some: pagefleet-worker start"
        return Check("workers", "warning", "no live pages worker", fix)
    names = ", ".join(f"{each.name} ({each.pool}, {each.capacity})" for each in workers)
    return Check("workers", "ok", names)


def _check_pools(connections: Connections) -> Check:
    """Warns of pages that no worker will read: in a pool without workers and declaration."""
    dispatch_state = connections.dispatch_state
    declared = {each.pool.id for each in dispatch_state.pools.declared()}
    idle = [
        pool
        for pool in dispatch_state.pools.ids()
        if pool not in declared
        and not dispatch_state.workers.live(pool)
        and dispatch_state.pages.outstanding(pool)
    ]
    if idle:
        fix = "start workers of these pools, or cancel their jobs (pagefleet status)"
        return Check("pools", "warning", f"pages wait in {', '.join(idle)} without workers", fix)
    return Check("pools", "ok", f"declared: {', '.join(sorted(declared)) or 'none'}")


def _repair(connections: Connections) -> str:
    """Open every unfinished job of the store that the dispatch state does not have."""
    jobs, dispatch_state = connections.jobs, connections.dispatch_state
    opened = 0
    for manifest in open_jobs(jobs):
        if dispatch_state.jobs.state(manifest.job_id) is None:
            open_job(manifest, jobs, dispatch_state, connections.dispatcher)
            opened += 1
    connections.dispatcher.sweep()
    return f"{opened} open jobs taken from the store; a sweep was requested"
