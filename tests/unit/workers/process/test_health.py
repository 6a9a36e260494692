"""What makes a process dead, and what only makes it wait."""

from workers.process.consumer_pulse import consumer_pulse
from workers.process.health import Health


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_loop_that_stops_turning_is_named() -> None:
    time = Time()
    health = Health(time)
    health.beat("engine loop", 120)
    time.now = 119
    assert health.ailments() == []

    time.now = 121

    assert health.ailments() == ["engine loop has not turned for 121 s"]


def test_a_loop_at_rest_ails_nothing() -> None:
    time = Time()
    health = Health(time)
    health.beat("consumer", 10)
    health.rest("consumer")
    time.now = 1000

    assert health.ailments() == []


def test_waiting_is_not_ailing() -> None:
    health = Health()
    health.wait_for("the engine")

    assert (health.ailments(), health.waiting_for()) == ([], ["waits for the engine"])
    health.reached("the engine")
    assert health.waiting_for() == []


def test_a_dead_engine_ends_both() -> None:
    health = Health()
    health.die("the engine is dead")

    assert health.ailments() == health.waiting_for() == ["the engine is dead"]


class Consumer:
    """As much of Celery's consumer as a step sees."""

    def __init__(self) -> None:
        self.timer = self
        self.cancelled = False

    def call_repeatedly(self, *_: object) -> "Consumer":
        return self

    def cancel(self) -> None:
        self.cancelled = True


def test_a_lost_connection_makes_unready_and_not_dead_however_long_it_lasts() -> None:
    time, consumer = Time(), Consumer()
    health = Health(time)
    step = consumer_pulse(health, "test")(consumer)
    assert health.waiting_for() == ["waits for consumer"]
    step.start(consumer)
    assert health.waiting_for() == []

    step.stop(consumer)
    time.now = 100_000

    assert consumer.cancelled
    assert health.ailments() == []
    assert health.waiting_for() == ["waits for consumer"]


def test_a_connected_consumer_whose_loop_stands_still_is_dead() -> None:
    time = Time()
    health = Health(time)
    consumer_pulse(health, "test")(Consumer()).start(Consumer())
    time.now = 121

    assert health.ailments() == ["consumer has not turned for 121 s"]
