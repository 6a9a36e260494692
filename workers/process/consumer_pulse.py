"""Reports to ``Health`` that Celery's consumer loop runs and whether it is connected."""

from typing import Any

from celery import bootsteps

from shared.telemetry.health import Health
from workers.observability import metrics

#: The name of the loop, and of the condition that it is connected.
LOOP, CONNECTION = "consumer", "a connection to the broker"
BEAT_S = 2.0
#: A timer of the loop may wait for one answer of the broker and one connection; this many times
#: the time for an answer is more than any number of timers that run before the loop notices.
ANSWERS = 4


def consumer_pulse(health: Health, role: str, broker_timeout_s: float) -> type[Any]:
    """A consumer step for ``app.steps``.

    While it connects, the loop need not run, and while the broker does not answer it may wait.
    """
    connected = metrics.CONSUMER_CONNECTED.labels(role)
    connected.set(0)
    health.require(CONNECTION)

    def beat() -> None:
        health.beat(LOOP, ANSWERS * broker_timeout_s, waits_for_broker=True)

    class ConsumerPulse(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, consumer: Any, **options: Any) -> None:
            super().__init__(consumer, **options)
            self._timer: Any = None

        def start(self, consumer: Any) -> None:
            connected.set(1)
            health.fulfil(CONNECTION)
            beat()
            self._timer = consumer.timer.call_repeatedly(BEAT_S, beat)

        def stop(self, consumer: Any) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            connected.set(0)
            health.require(CONNECTION)
            health.stop_watching(LOOP)

    return ConsumerPulse
