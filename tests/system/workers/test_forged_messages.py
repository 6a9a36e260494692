"""Garbage in a queue of a real worker is stored, and the same process goes on reading pages."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.fleets.fleet import Fleet, fleet, pages_processes, pdf, wait_until
from tests.unit.shared.broker.test_kombu_guard import GARBAGE, envelope

QUEUE, REFUSED = "pagefleet:pages.fake.normal", "pagefleet:refused"
#: All workers of database 0 read commands of remote control here.
CONTROL = "pagefleet:/0.celery.pidbox"
GOOD_ID = "0" * 16 + "-" + "0" * 8


def call(message: Any, **headers: Any) -> bytes:
    """An element that calls the page task with ``message``."""
    return element([[], {"message": message}, {}], **headers)


def element(payload: Any, **headers: Any) -> bytes:
    """An element with ``payload`` as its body and other headers."""
    body = base64.b64encode(json.dumps(payload).encode()).decode()
    given = {"task": "pagefleet.page", "id": "forged", **headers}
    return json.dumps(envelope(body=body, headers=given)).encode()


def entry(exchange: str, routing_key: str) -> bytes:
    """An entry among the unacknowledged messages, whose message has no task."""
    return json.dumps([envelope(headers={}), exchange, routing_key]).encode()


def page(**changes: Any) -> dict[str, Any]:
    """A page message with ``changes``."""
    plain = {"schema": 1, "job_id": GOOD_ID, "page": 1, "seq": 1, "queue": "pages.fake.normal"}
    return {**plain, **changes}


FORGED = [
    *GARBAGE.values(),
    call(page(job_id=f"{GOOD_ID}-0")),
    call(page(job_id=f"{GOOD_ID}-01")),
    call(page(job_id="../../etc")),
    call(page(job_id=7)),
    call(page(page=0)),
    call(page(page=10**30)),
    call(page(page="x")),
    call(page(seq=10**30)),
    call(page(queue="pages.fake.normal\n")),
    call(page(queue="elsewhere")),
    call({**page(), "schema": 2}),
    call(None),
    call([1]),
    call(page(), eta="2099-01-01T00:00:00"),
    call(page(), eta=[1]),
    call(page(), expires=1),
    call(page(), timelimit=[1, 1]),
    call(page(), id=None),
    call(page(), task=["x"]),
    call(page(), task="os.system"),
    call(page(), task="pagefleet.reduce"),
    element([[], {"message": page()}, {"callbacks": [{"task": "pagefleet.page"}]}]),
    element([[1, 2, 3], {}, {}]),
    element([[], {"other": 1}, {}]),
    element({"args": []}),
    element("text"),
    element([]),
]


@dataclass(frozen=True)
class Attacked:
    """A fleet that the tests share; each of them sends forged messages to its broker."""

    fleet: Fleet
    log: Path
    client: "redis.Redis"
    pages_processes: list[int]
    #: Length of the log when the test began.
    start: int = 0

    def refused(self) -> int:
        """Number of messages that this test's workers stored."""
        return int(self.client.llen(REFUSED))

    def logged(self) -> str:
        """What the workers have logged since the test began."""
        return self.log.read_text()[self.start :]

    def converts(self, path: Path) -> bool:
        """Whether the workers of before read a new document."""
        result = self.fleet("submit", str(path), "--wait")
        return result.status == 0 and pages_processes(self.fleet.settings) == self.pages_processes


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """The fleet, whose engine is ready."""
    folder = tmp_path_factory.mktemp("attacked")
    log = folder / "workers.log"
    with fleet(folder, max_concurrency=2, num_workers=1, fake_render=False) as made:
        wait_until(lambda: "ready: engine" in log.read_text())
        with redis.Redis.from_url(made.settings.broker_url()) as client:
            yield Attacked(made, log, client, pages_processes(made.settings))


@pytest.fixture
def attacked(shared: Attacked) -> Attacked:
    """The fleet without refused messages of other tests."""
    shared.client.delete(REFUSED)
    return replace(shared, start=len(shared.log.read_text()))


def test_a_worker_stores_garbage_and_goes_on_in_the_same_process(
    attacked: Attacked, tmp_path: Path
) -> None:
    attacked.client.lpush(QUEUE, *FORGED)

    wait_until(lambda: attacked.refused() >= len(FORGED), 60)

    assert attacked.converts(pdf(tmp_path / "good.pdf", 2))
    assert attacked.refused() == len(FORGED)
    assert attacked.client.llen(QUEUE) == 0
    # The reducer acknowledges its message after it wrote the document.
    wait_until(lambda: attacked.client.hlen("pagefleet:unacked") == 0, 10)
    assert "Traceback" not in attacked.logged()
    assert attacked.logged().count("refused a message") == len(FORGED)


def test_forged_entries_among_unacknowledged_messages_are_stored_and_block_no_other(
    attacked: Attacked, tmp_path: Path
) -> None:
    forged = [*GARBAGE.values(), b'[{}, "x", "y"]', entry("", "job:x"), entry("no", "no")]
    lost = entry(QUEUE.removeprefix("pagefleet:"), QUEUE.removeprefix("pagefleet:"))
    # The newest first, so that all forged entries come before the last, lost message.
    for age, text in enumerate([*forged, lost]):
        attacked.client.hset("pagefleet:unacked", f"tag {age}", text)
        attacked.client.zadd("pagefleet:unacked_index", {f"tag {age}": 1000 - age})

    # The lost message comes back and is refused because it has no task.
    wait_until(lambda: attacked.refused() >= len(forged) + 1, 60)

    wait_until(lambda: attacked.client.hlen("pagefleet:unacked") == 0, 10)
    assert attacked.converts(pdf(tmp_path / "good.pdf", 1))
    assert attacked.refused() == len(forged) + 1
    assert "Traceback" not in attacked.logged()


def test_a_message_of_another_pool_is_stored_and_changes_nothing_there(attacked: Attacked) -> None:
    forged = page(queue="pages.cpu.high")
    attacked.client.lpush(QUEUE, call(forged))

    wait_until(lambda: attacked.refused() == 1, 60)

    assert [json.loads(text) for text in attacked.client.lrange(REFUSED, 0, -1)] == [forged]
    assert attacked.client.keys("pagefleet:*cpu*") == []


def test_garbage_in_the_queue_of_reducers_stops_no_document(
    attacked: Attacked, tmp_path: Path
) -> None:
    for queue in ("pagefleet:reduce", "pagefleet:maintenance"):
        attacked.client.lpush(queue, *GARBAGE.values())

    wait_until(lambda: attacked.refused() == 2 * len(GARBAGE), 60)

    assert attacked.converts(pdf(tmp_path / "good.pdf", 1))


def command(method: str, **changes: Any) -> str:
    """A command of Celery's remote control for every worker."""
    given = {"method": method, "arguments": {}, "destination": None, **changes}
    return json.dumps(envelope(body=base64.b64encode(json.dumps(given).encode()).decode()))


def test_no_command_of_remote_control_ends_or_changes_a_worker(
    attacked: Attacked, tmp_path: Path
) -> None:
    commands = [
        *("5", "[1, 2]", '"text"', "{}", "not json", "[" * 100_000),
        json.dumps(envelope(headers={"compression": "application/x-gzip"})),
        command("shutdown"),
        command("cancel_consumer", arguments={"queue": "pages.fake.normal"}),
        command("pool_shrink", arguments={"n": 2}),
        # This expression takes minutes for any host name.
        command("ping", matcher="pcre", pattern=r"([\w@.-]+)*!"),
    ]
    for text in commands:
        wait_until(lambda text=text: attacked.client.publish(CONTROL, text) >= 2)  # type: ignore[misc]

    assert attacked.converts(pdf(tmp_path / "good.pdf", 2))
    assert "starting it again" not in attacked.logged()
    assert "decompress" not in attacked.logged()
