"""Messages during whose publication the connection to the broker breaks."""

from collections.abc import Iterator
from threading import Timer
from urllib.parse import urlsplit

import pytest

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import Dispatch
from shared.broker.queues import page_queue
from shared.domain.lanes import PRIORITIES
from tests.conftest import SettingsFactory
from tests.system.failures.broker_proxy import BrokerProxy

JOB = "0123456789abcdef-01234567"


@pytest.fixture
def proxy(redis_url: str) -> Iterator[BrokerProxy]:
    made = BrokerProxy(urlsplit(redis_url).port or 0)
    yield made
    made.close()


def test_messages_of_several_queues_are_sent_although_the_connection_breaks_between_them(
    settings: SettingsFactory, redis_url: str, proxy: BrokerProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = str(urlsplit(redis_url).port)
    made = settings(redis_url=redis_url.replace(own, str(proxy.port)))
    dispatch_state = DispatchState(made)
    dispatcher = Dispatcher(made, dispatch_state)
    push, absences = dispatch_state.pages.push, [0.5]

    def go_away_behind(queue: str, messages: list[str]) -> None:
        push(queue, messages)
        if absences:
            proxy.refuse(True)
            Timer(absences.pop(), proxy.refuse, (False,)).start()

    monkeypatch.setattr(dispatch_state.pages, "push", go_away_behind)
    queues = [page_queue("fake", lane) for lane in PRIORITIES]

    dispatcher.publish([Dispatch(JOB, page, 1, queue) for page, queue in enumerate(queues, 1)])

    assert not absences
    assert all(dispatch_state.pages.queue_length(queue) for queue in queues)
