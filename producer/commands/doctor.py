"""``pagefleet doctor``: checks everything a producer needs; --repair rebuilds dispatch state."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from producer.connections import Connections, ShardConnections
from producer.status.find_jobs import open_jobs
from shared.broker.liveness.heartbeats import ROLE_NAMES, Role
from shared.config.settings import Settings, load_settings
from shared.console import checks
from shared.console.checks import Check, run_check
from shared.console.printable import printable
from shared.console.probes import common_checks
from shared.domain.errors import UsageError
from shared.jobs.activation import open_job
from shared.jobs.rebuilding import rebuild

#: Jobs that a check names at most.
MAX_NAMED = 20

#: What a fleet does not do without a process of a role.
MISSING = {
    Role.REDUCE: "no reducer serves this fleet: no document is written",
    Role.SWEEP: "no sweeper serves this fleet: lost messages and pages of dead workers stay lost",
}


def run_checks(as_json: bool, repair: bool, rebuilds: bool) -> int:
    """Print every check; the exit code is 5 where one of them fails."""
    settings = load_settings()
    if (repair or rebuilds) and settings.redis_url is None:
        name = "--repair" if repair else "--rebuild"
        raise UsageError(f"{name} needs a broker: set PAGEFLEET_REDIS_URL")
    return checks.print_checks(_checks(settings, repair, rebuilds), as_json)


def _checks(settings: Settings, repair: bool, rebuilds: bool) -> Iterator[Check]:
    yield from common_checks(settings)
    connections = Connections(settings)
    if settings.redis_url is not None:
        for each in settings.of_shards():
            yield from map(partial(_of_shard, each), _fleet_checks(each, ShardConnections(each)))
    if repair:
        yield run_check("repair", lambda: _repair(connections))
    if rebuilds:
        yield run_check("rebuild", lambda: _rebuild(connections))


def _fleet_checks(settings: Settings, connections: Connections) -> Iterator[Check]:
    yield run_check("workers", lambda: _check_workers(connections))
    yield run_check("pools", lambda: _check_pools(connections))
    if settings.tenant_label:
        yield run_check("tenants", lambda: _tenants(connections))
    for role in MISSING:
        yield run_check(ROLE_NAMES[role], partial(_check_role, connections, role))
    yield run_check("watchers", lambda: _names(connections, Role.WATCH) or "none")


def _of_shard(settings: Settings, check: Check) -> Check:
    is_sharded = settings.broker_count > 1
    return replace(check, name=f"{check.name} {settings.shard}") if is_sharded else check


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


def _tenants(connections: Connections) -> str:
    """The tenants whose quota keeps pages back, which is no fault."""
    pools = connections.dispatch_state.pools
    found = [
        f"{printable(tenant) or '(none)'} ({pool}, {pages} pages)"
        for pool in pools.ids()
        for tenant, pages in pools.at_quota(pool).items()
    ]
    return f"at their quota: {', '.join(found[:MAX_NAMED]) or 'none'}"


def _check_role(connections: Connections, role: Role) -> Check:
    names = _names(connections, role)
    if names:
        return Check(ROLE_NAMES[role], "ok", names)
    mend = f"start one: pagefleet-worker start --roles {role}"
    return Check(ROLE_NAMES[role], "error", MISSING[role], mend)


def _names(connections: Connections, role: Role) -> str:
    return ", ".join(process.name for process in connections.dispatch_state.roles.live(role))


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


def _rebuild(connections: Connections) -> Check:
    """Open every job of the store that is unfinished or incomplete."""
    found = defaultdict[str, list[str]](list)
    state, dispatcher = connections.dispatch_state, connections.dispatcher
    for job in rebuild(connections.jobs, state, dispatcher):
        found[job.finding].append(job.job_id)
    dispatcher.sweep()
    total = sum(map(len, found.values()))
    text = f"{total} jobs: {len(found['complete'])} complete, {len(found['opened'])} opened"
    lost = [*found["no source"], *found["unreadable"]]
    if not lost:
        return Check("rebuild", "ok", text)
    named = ", ".join(lost[:MAX_NAMED]) + (", …" if len(lost) > MAX_NAMED else "")
    mend = "restore their sources and manifests, or submit their documents again"
    return Check("rebuild", "error", f"{text}, {len(lost)} lost ({named})", mend)
