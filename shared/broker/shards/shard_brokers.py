"""The brokers of a sharded fleet; a silent one is reported once and not waited for again."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from shared.broker.dispatch_state import DispatchState
from shared.config.settings import Settings
from shared.domain.errors import BrokerFull, BrokerUnreachable, ShardUnreachable

_Answer = TypeVar("_Answer")

#: Seconds for which nothing is sent to a silent broker.
RETRY_S = 10.0
#: The setting ``broker_timeout_s`` of a command, at most: the other shards wait for its answer.
TIMEOUT_S = 10.0


@dataclass
class _Broker:
    settings: Settings
    lock: threading.Lock
    state: DispatchState | None = None
    failure: BrokerUnreachable | None = None
    #: By the monotonic clock.
    ask_again: float = 0.0


class ShardBrokers:
    """Thread-safe; ``report`` gets one line for each broker that becomes silent."""

    def __init__(self, settings: Settings, report: Callable[[str], None]) -> None:
        timeout_s = min(settings.broker_timeout_s, TIMEOUT_S)
        hasty = settings.model_copy(update={"broker_timeout_s": timeout_s})
        self._brokers = [_Broker(each, threading.Lock()) for each in hasty.of_shards()]
        self._report = report

    def __len__(self) -> int:
        return len(self._brokers)

    def ask(self, number: int, call: Callable[[DispatchState], _Answer]) -> _Answer:
        """The answer of one broker; raises ShardUnreachable, or BrokerFull."""
        broker = self._brokers[number]
        try:
            return call(self._state(broker))
        except (BrokerFull, ShardUnreachable):
            raise
        except BrokerUnreachable as error:
            self._note(broker, error)
            raise ShardUnreachable(_line(number, error)) from None

    def ask_all(self, call: Callable[[DispatchState], _Answer]) -> list[_Answer]:
        """The answers of all brokers that answer; raises BrokerUnreachable where none does."""
        answers = []
        for number in range(len(self)):
            try:
                answers.append(self.ask(number, call))
            except ShardUnreachable as error:
                silent = error
        if not answers:
            raise BrokerUnreachable(silent.message)
        return answers

    def silent(self) -> list[BrokerUnreachable]:
        """Why brokers did not answer when they were asked last."""
        return [each.failure for each in self._brokers if each.failure is not None]

    def close(self) -> None:
        """Close the connections."""
        for broker in self._brokers:
            if broker.state is not None:
                broker.state.close()

    def _state(self, broker: _Broker) -> DispatchState:
        with broker.lock:
            if broker.failure is not None and time.monotonic() < broker.ask_again:
                raise broker.failure
            if broker.state is not None and broker.failure is None:
                return broker.state
            # Before the question: other threads do not wait for its answer.
            broker.ask_again = time.monotonic() + RETRY_S
        state = broker.state or DispatchState(broker.settings)
        state.ping()
        with broker.lock:
            broker.state, broker.failure = state, None
        return state

    def _note(self, broker: _Broker, error: BrokerUnreachable) -> None:
        with broker.lock:
            is_new, broker.failure = broker.failure is None, error
            broker.ask_again = max(broker.ask_again, time.monotonic() + RETRY_S / 2)
        if is_new:
            number = self._brokers.index(broker)
            self._report(f"warning: {_line(number, error)}; the other shards go on")


def _line(number: int, error: BrokerUnreachable) -> str:
    return f"shard {number}: {error.message}"
