"""Has Kubernetes remove idle pods before busy ones where a pool scales down."""

import logging
from collections import Counter
from typing import ClassVar

from shared.broker.dispatch_state import DispatchState
from workers.maintenance.repairs.kubernetes.pod_api import PodApi

log = logging.getLogger("pagefleet.sweep")
ANNOTATION = "controller.kubernetes.io/pod-deletion-cost"


class IdlePodsFirst:
    """Keeps the deletion cost of each pages pod: 0 while it is idle, more the busier it is."""

    kind: ClassVar[str | None] = None

    def __init__(self, dispatch_state: DispatchState, pods: PodApi) -> None:
        self._dispatch_state = dispatch_state
        self._pods = pods
        self._set: dict[str, int] = {}

    def run(self) -> int:
        """Set the costs that changed; returns their number."""
        costs = self._costs()
        changed = {pod: cost for pod, cost in costs.items() if self._set.get(pod) != cost}
        self._set = {pod: cost for pod, cost in self._set.items() if pod in costs}
        try:
            for pod, cost in changed.items():
                self._pods.annotate(pod, {ANNOTATION: str(cost)})
                self._set[pod] = cost
        except OSError as error:
            log.warning("deletion costs of pods are not set: %s", error)
        return len(changed)

    def _costs(self) -> dict[str, int]:
        """The cost of each pod with a live worker."""
        pages = Counter[str]()
        for pool in self._dispatch_state.pools.ids():
            held = self._dispatch_state.pages.held_by_worker(pool)
            for worker in self._dispatch_state.workers.live(pool):
                pages[_pod_of(worker.name)] += held[worker.name]
        # The number of bits changes seldom, so a busy fleet needs few requests.
        return {pod: count.bit_length() for pod, count in pages.items()}


def _pod_of(worker: str) -> str:
    """The host's name in a worker's name, which is host, process id, role and number of starts."""
    return worker.rsplit("-", 3)[0]
