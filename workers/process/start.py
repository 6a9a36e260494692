"""Decides which worker processes this machine runs."""

import logging
import socket
from collections.abc import Callable
from dataclasses import replace

from shared.broker.dispatch_state import DispatchState
from shared.config.hardware import gpu_ids, local_engine
from shared.config.settings import Settings
from shared.console.conditional_writes import check_conditional_writes
from shared.domain.catalogue import engine_facts
from shared.domain.errors import TransientError, UsageError
from shared.domain.pools import checked_pool
from shared.storage.factory import open_store
from workers.host.cores import rendering_cores
from workers.process.supervisor import ProcessPlan, Supervisor

log = logging.getLogger("pagefleet.supervisor")


def start_workers(settings: Settings, roles: frozenset[str]) -> int:
    """Check broker and store, then supervise the processes; returns the exit status.

    A service that does not answer ends nothing: the processes load their engines and wait for it.
    What waiting can't change raises: a wrong address, password or bucket.
    """
    engine = local_engine() if settings.engine == "auto" else settings.engine
    processes = plan_processes(settings, roles, engine)
    _check(DispatchState(settings).ping)
    _check(lambda: _check_store(settings))
    host = socket.gethostname().split(".")[0]
    return Supervisor(settings, processes, host).run()


def _check_store(settings: Settings) -> None:
    store = open_store(settings)
    store.check()
    check_conditional_writes(store)


def _check(ask: Callable[[], None]) -> None:
    try:
        ask()
    except TransientError as error:
        if not error.may_pass:
            raise
        log.warning("the processes start, and wait until this ends: %s", error.message)


def plan_processes(settings: Settings, roles: frozenset[str], engine: str) -> list[ProcessPlan]:
    """The pages processes, and one control process."""
    planned = plan_pages(settings, engine) if "pages" in roles else []
    control = roles & {"reduce", "sweep"}
    if control:
        planned.append(ProcessPlan("control", ("control", "--roles", ",".join(sorted(control)))))
    return [_with_port(plan, settings, number) for number, plan in enumerate(planned)]


def plan_pages(settings: Settings, engine: str) -> list[ProcessPlan]:
    """One process for each engine: as many as fit on a group of GPUs, on every group."""
    pool = checked_pool(engine, settings.model, settings.revision)
    facts = engine_facts(engine)
    groups = gpu_groups(settings) if facts.owns_gpus else [None]
    per_group = settings.engines_per_gpu if facts.shares_gpus else 1
    slots = [(gpus, slot) for slot in range(per_group) for gpus in groups]
    planned = []
    for number, (gpus, slot) in enumerate(slots, start=1):
        name = f"{engine}{number}" if len(slots) > 1 else engine
        own = (("engine_slot", str(slot)), *_renderers(settings, engine, len(slots)))
        planned.append(ProcessPlan(name, ("pages", "--engine", engine), pool, gpus, own))
    return planned


def _renderers(settings: Settings, engine: str, processes: int) -> tuple[tuple[str, str], ...]:
    """The setting ``num_workers`` of each process, because they share the cores."""
    if settings.num_workers != "auto" or processes == 1:
        return ()
    return (("num_workers", str(max(1, rendering_cores(engine) // processes))),)


def _with_port(plan: ProcessPlan, settings: Settings, number: int) -> ProcessPlan:
    """Each process of a machine has its own port, counted from ``metrics_port``."""
    port = settings.metrics_port + number if settings.metrics_port else 0
    more = ("--role", plan.name, "--metrics-port", str(port))
    return replace(plan, arguments=plan.arguments + more)


def gpu_groups(settings: Settings) -> list[str | None]:
    """GPUs of each engine, as values of CUDA_VISIBLE_DEVICES; one None without GPUs."""
    gpus = gpu_ids() if settings.gpus == "auto" else tuple(settings.gpus.split(","))
    size = settings.tensor_parallel_size * settings.pipeline_parallel_size
    if not gpus and settings.gpus == "auto":
        return [None]
    if not all(part.strip().isdigit() for part in gpus):
        raise UsageError(f"--gpus {settings.gpus!r} is not a list of indices such as 0,1")
    if len(gpus) < size:
        raise UsageError(f"an engine of {size} GPUs does not fit on {len(gpus)} (--gpus)")
    return [",".join(gpus[i : i + size]) for i in range(0, len(gpus) - size + 1, size)]
