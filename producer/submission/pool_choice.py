"""Decides which pool a document goes to: the options as far as they are set, then the fleet."""

import threading
import time
from collections.abc import Callable, Collection, Sequence

from shared.broker.dispatch_state import DispatchState
from shared.config.hardware import local_engine
from shared.config.settings import Settings
from shared.domain.catalogue import AUTO, CATALOGUE, check_task, engine_facts
from shared.domain.errors import UsageError
from shared.domain.pools import Pool, checked_pool
from shared.domain.tasks import Task

#: Seconds for which the pools of the fleet are not read again.
KEEP_S = 1.0
#: Returns the pools that the fleet has workers of, or declares; raises BrokerUnreachable.
PoolSource = Callable[[], Collection[Pool]]


def no_fleet() -> Sequence[Pool]:
    """The pools where no broker is asked: none."""
    return ()


class FleetPools:
    """A PoolSource that asks the broker at most every ``keep_s`` seconds; thread-safe."""

    def __init__(self, dispatch_state: DispatchState, keep_s: float = KEEP_S) -> None:
        self._dispatch_state = dispatch_state
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._pools: frozenset[Pool] = frozenset()

    def __call__(self) -> Collection[Pool]:
        """The pools that the fleet declares, and those with a worker of an earlier release."""
        with self._lock:
            if time.monotonic() - self._read_at >= self._keep_s:
                self._pools = frozenset(self._read())
                self._read_at = time.monotonic()
            return self._pools

    def _read(self) -> set[Pool]:
        pools = {each.pool for each in self._dispatch_state.pools.declared()}
        for engine, facts in CATALOGUE.items():
            pool = Pool(engine, facts.default_model)
            if pool not in pools and self._dispatch_state.workers.live(pool.id):
                pools.add(pool)
        return pools


def check_choice(settings: Settings, task: Task) -> None:
    """Raise UsageError where no pool at all can do ``task`` with these settings."""
    if settings.engine != AUTO:
        checked_pool(settings.engine, settings.model, settings.revision)
        check_task(settings.engine, task)


def choose_pool(settings: Settings, task: Task, source: PoolSource) -> Pool:
    """The pool for a document; raises UsageError, or BrokerUnreachable from ``source``.

    Set options decide. What they leave open, the best pool of the fleet that can do ``task``
    decides, asleep or awake; without any, the best engine of this machine and its default model.
    """
    candidates = [pool for pool in source() if _fits(pool, settings)]
    able = [pool for pool in candidates if task in engine_facts(pool.engine).tasks]
    if able:
        return min(able, key=_rank)
    engine = _engine(settings, candidates)
    check_task(engine, task)
    return checked_pool(engine, settings.model, settings.revision)


def _engine(settings: Settings, candidates: Sequence[Pool]) -> str:
    if settings.engine != AUTO:
        return settings.engine
    return min(candidates, key=_rank).engine if candidates else local_engine()


def _fits(pool: Pool, settings: Settings) -> bool:
    """Whether the pool agrees with every option that is set."""
    facts = engine_facts(pool.engine)
    if settings.engine == AUTO and not facts.auto_submit:
        return False
    if settings.engine not in (AUTO, pool.engine):
        return False
    if settings.revision not in (None, pool.revision):
        return False
    try:
        return settings.model is None or facts.full_model(settings.model) == pool.model
    except UsageError:
        return False


def _rank(pool: Pool) -> tuple[int, bool, bool, str]:
    """The smallest is the best: by engine, then the default model, then without a revision."""
    default = engine_facts(pool.engine).default_model
    place = list(CATALOGUE).index(pool.engine)
    return place, pool.model != default, pool.revision is not None, pool.id
