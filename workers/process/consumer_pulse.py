"""Reports to ``Health`` that Celery's consumer loop runs and whether it is connected."""

from typing import Any

from celery import bootsteps

from shared.telemetry.health import Health
from workers.observability import metrics

NAME = "consumer"
BEAT_S = 2.0
LIMIT_S = 120.0


def consumer_pulse(health: Health, role: str) -> type[Any]:
    """A consumer step for ``app.steps``; without a connection the loop need not run."""
    connected = metrics.CONSUMER_CONNECTED.labels(role)
    connected.set(0)
    health.require(NAME)

    class ConsumerPulse(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, consumer: Any, **options: Any) -> None:
            super().__init__(consumer, **options)
            self._timer: Any = None

        def start(self, consumer: Any) -> None:
            connected.set(1)
            health.fulfil(NAME)
            health.beat(NAME, LIMIT_S)
            self._timer = consumer.timer.call_repeatedly(BEAT_S, health.beat, (NAME, LIMIT_S))

        def stop(self, consumer: Any) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            connected.set(0)
            health.require(NAME)
            health.stop_watching(NAME)

    return ConsumerPulse
