"""Labels of the whole process: the fleet, and in a pages process its pool.

They are added when the metrics are read. So Python's and vLLM's own metrics carry them too, and
one Prometheus can tell two fleets apart.
"""

import copy
from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.core import Metric
from prometheus_client.registry import Collector, CollectorRegistry


class ProcessLabels(Collector):
    """The metrics of a registry with further labels; a sample's own label of a name wins."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._registry = registry
        self._labels: dict[str, str] = {}

    def add(self, **labels: str) -> None:
        """Add these labels to every sample from now on."""
        self._labels = {**self._labels, **labels}

    def collect(self) -> Iterator[Metric]:
        """Every metric of the registry."""
        labels = self._labels
        for family in self._registry.collect():
            labelled = copy.copy(family)
            labelled.samples = [
                sample._replace(labels={**labels, **sample.labels}) for sample in family.samples
            ]
            yield labelled


#: Of this process, as the default registry is.
PROCESS_LABELS = ProcessLabels()
