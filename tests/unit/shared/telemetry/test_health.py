"""Which conditions make a process dead, and which only make it not ready."""

from shared.telemetry.health import Health
from workers.process.consumer_pulse import consumer_pulse


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stuck_loop_is_named() -> None:
    clock = Clock()
    health = Health(clock)
    health.beat("engine loop", 120)
    clock.now = 119
    assert health.failures() == []
    clock.now = 121
    assert health.failures() == ["engine loop has been stuck for 121 s"]


def test_a_loop_that_was_stopped_on_purpose_is_no_failure() -> None:
    clock = Clock()
    health = Health(clock)
    health.beat("consumer", 10)
    health.stop_watching("consumer")
    clock.now = 1000
    assert health.failures() == []


def test_a_missing_condition_makes_a_process_not_ready_but_alive() -> None:
    health = Health()
    health.require("the engine")

    assert (health.failures(), health.obstacles()) == ([], ["waits for the engine"])
    health.fulfil("the engine")
    assert health.obstacles() == []


def test_a_dead_engine_makes_a_process_neither_alive_nor_ready() -> None:
    health = Health()
    health.fail("the engine is dead")

    assert health.failures() == health.obstacles() == ["the engine is dead"]


class Consumer:
    """The part of Celery's consumer that a step uses."""

    def __init__(self) -> None:
        self.timer = self
        self.cancelled = False

    def call_repeatedly(self, *_: object) -> "Consumer":
        return self

    def cancel(self) -> None:
        self.cancelled = True


def test_a_lost_connection_makes_a_process_not_ready_and_never_dead() -> None:
    clock, consumer = Clock(), Consumer()
    health = Health(clock)
    step = consumer_pulse(health, "test", 30)(consumer)
    assert health.obstacles() == ["waits for a connection to the broker"]

    step.start(consumer)
    assert health.obstacles() == []

    step.stop(consumer)
    clock.now = 100_000
    assert consumer.cancelled
    assert health.failures() == []
    assert health.obstacles() == ["waits for a connection to the broker"]


def test_a_connected_consumer_whose_loop_is_stuck_is_dead() -> None:
    clock = Clock()
    health = Health(clock)
    consumer_pulse(health, "test", 30)(Consumer()).start(Consumer())
    clock.now = 121
    assert health.failures() == ["consumer has been stuck for 121 s"]


def test_a_loop_may_wait_for_a_silent_broker_and_not_for_one_that_answers() -> None:
    clock = Clock()
    health = Health(clock)
    health.beat("consumer", 120, waits_for_broker=True)
    health.broker_answered(30)

    clock.now = 1000
    assert health.failures() == []
    assert health.obstacles() == ["the broker has not answered for 1000 s"]

    health.broker_answered(30)
    assert (health.failures(), health.obstacles()) == ([], [])
    for clock.now in range(1010, 1131, 10):
        health.broker_answered(30)
    assert health.failures() == ["consumer has been stuck for 130 s"]


def test_a_process_has_started_without_a_broker_and_not_without_its_engine() -> None:
    health = Health()
    health.require("the engine", to_start=True)
    health.require("a connection to the broker")

    assert health.unstarted() == ["waits for the engine"]
    health.fulfil("the engine")
    assert health.unstarted() == []
    assert health.obstacles() == ["waits for a connection to the broker"]
