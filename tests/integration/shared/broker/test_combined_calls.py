"""Script calls of many threads share a connection and its round trips."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from shared.broker.combined_calls import CombinedCalls, NoAnswer
from shared.broker.scripts import Scripts
from shared.domain.lanes import Lane
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import wait_until

ECHO = "return ARGV[1]"


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as made:
        yield made


@pytest.fixture
def calls(client: "redis.Redis") -> Iterator[CombinedCalls]:
    made = CombinedCalls(client)
    yield made
    made.close()


def test_each_thread_gets_its_own_answer(client: "redis.Redis", calls: CombinedCalls) -> None:
    sha = client.script_load(ECHO)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: calls.run("EVALSHA", sha, 0, n), range(2000)))

    assert answers == [str(number) for number in range(2000)]


def test_a_refused_call_leaves_the_answers_of_others_alone(
    client: "redis.Redis", calls: CombinedCalls
) -> None:
    sha = client.script_load("if ARGV[1] == '7' then return redis.call('GET') end return ARGV[1]")

    def ask(number: int) -> str:
        try:
            return str(calls.run("EVALSHA", sha, 0, number))
        except redis.ResponseError:
            return "refused"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, [1, 7, 2, 7, 3] * 100))

    assert answers == ["1", "refused", "2", "refused", "3"] * 100


def test_a_lost_connection_gives_no_answer_and_the_next_call_opens_another(
    client: "redis.Redis", calls: CombinedCalls
) -> None:
    calls.run("PING")
    client.client_kill_filter(skipme=True)

    with pytest.raises(NoAnswer):
        calls.run("PING")

    assert calls.run("PING") == "PONG"


def test_an_argument_that_cannot_be_sent_fails_its_own_call_only(
    client: "redis.Redis", calls: CombinedCalls
) -> None:
    sha = client.script_load(ECHO)

    def ask(text: str) -> str:
        try:
            return str(calls.run("EVALSHA", sha, 0, text))
        except UnicodeEncodeError:
            return "not sent"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, ["a", "\ud800", "b"] * 200))

    assert answers == ["a", "not sent", "b"] * 200


class Interrupted(Exception):
    """What a signal raises in a thread that waits."""


def test_a_thread_that_is_interrupted_while_it_waits_leaves_the_lead_to_others(
    client: "redis.Redis", calls: CombinedCalls
) -> None:
    calls.run("PING")
    others = ThreadPoolExecutor(2)
    client.client_pause(1000)  # milliseconds
    first = others.submit(calls.run, "PING")
    wait_until(lambda: calls._busy)

    def interrupt(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(Interrupted):
            calls.run("PING")
    finally:
        signal.signal(signal.SIGALRM, before)

    assert first.result(10) == "PONG"
    assert others.submit(calls.run, "PING").result(10) == "PONG"
    others.shutdown()


def test_a_script_runs_although_the_server_has_forgotten_it_or_ended_the_connection(
    settings: SettingsFactory, redis_url: str, client: "redis.Redis"
) -> None:
    scripts = Scripts(settings(redis_url=redis_url))
    assert scripts.run("overdue", f"pages.fake.{Lane.NORMAL}", 1) == []

    client.script_flush()
    assert scripts.run("overdue", f"pages.fake.{Lane.NORMAL}", 1) == []
    client.client_kill_filter(skipme=True)
    assert scripts.run("overdue", f"pages.fake.{Lane.NORMAL}", 1) == []
    scripts.close()
