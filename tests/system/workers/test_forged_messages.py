"""Garbage in a queue of a real worker is stored, and the same process goes on reading pages."""

import base64
import json
from pathlib import Path
from typing import Any

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


def refused(client: "redis.Redis") -> int:
    """Number of stored messages."""
    return int(client.llen(REFUSED))


def converts(made: Fleet, path: Path) -> bool:
    """Whether the fleet reads a new document."""
    return made("submit", str(path), "--wait").status == 0


def test_a_worker_stores_garbage_and_goes_on_in_the_same_process(tmp_path: Path) -> None:
    with fleet(tmp_path, max_concurrency=2) as made:
        log = tmp_path / "workers.log"
        wait_until(lambda: "ready: engine" in log.read_text())
        before = pages_processes(made.settings)
        with redis.Redis.from_url(made.settings.broker_url()) as client:
            client.lpush(QUEUE, *FORGED)

            wait_until(lambda: refused(client) >= len(FORGED), 60)

            assert converts(made, pdf(tmp_path / "good.pdf", 2))
            assert pages_processes(made.settings) == before
            assert refused(client) == len(FORGED)
            assert client.llen(QUEUE) == 0
            # The reducer acknowledges its message after it wrote the document.
            wait_until(lambda: client.hlen("pagefleet:unacked") == 0, 10)
        assert "Traceback" not in log.read_text()
        assert log.read_text().count("refused a message") == len(FORGED)


def test_forged_entries_among_unacknowledged_messages_are_stored_and_block_no_other(
    tmp_path: Path,
) -> None:
    with fleet(tmp_path, max_concurrency=2) as made:
        log = tmp_path / "workers.log"
        wait_until(lambda: "ready: engine" in log.read_text())
        before = pages_processes(made.settings)
        forged = [*GARBAGE.values(), b'[{}, "x", "y"]', entry("", "job:x"), entry("no", "no")]
        lost = entry(QUEUE.removeprefix("pagefleet:"), QUEUE.removeprefix("pagefleet:"))
        with redis.Redis.from_url(made.settings.broker_url()) as client:
            # The newest first, so that all forged entries come before the last, lost message.
            for age, text in enumerate([*forged, lost]):
                client.hset("pagefleet:unacked", f"tag {age}", text)
                client.zadd("pagefleet:unacked_index", {f"tag {age}": 1000 - age})

            # The lost message comes back and is refused because it has no task.
            wait_until(lambda: refused(client) >= len(forged) + 1, 60)

            wait_until(lambda: client.hlen("pagefleet:unacked") == 0, 10)
            assert converts(made, pdf(tmp_path / "good.pdf", 1))
            assert refused(client) == len(forged) + 1
        assert pages_processes(made.settings) == before
        assert "Traceback" not in log.read_text()


def test_a_message_of_another_pool_is_stored_and_changes_nothing_there(tmp_path: Path) -> None:
    with fleet(tmp_path) as made, redis.Redis.from_url(made.settings.broker_url()) as client:
        forged = page(queue="pages.cpu.high")
        client.lpush(QUEUE, call(forged))

        wait_until(lambda: refused(client) == 1, 60)

        assert [json.loads(text) for text in client.lrange(REFUSED, 0, -1)] == [forged]
        assert client.keys("pagefleet:*cpu*") == []


def test_garbage_in_the_queue_of_reducers_stops_no_document(tmp_path: Path) -> None:
    with fleet(tmp_path, max_concurrency=2) as made:
        with redis.Redis.from_url(made.settings.broker_url()) as client:
            for queue in ("pagefleet:reduce", "pagefleet:maintenance"):
                client.lpush(queue, *GARBAGE.values())

            wait_until(lambda: refused(client) == 2 * len(GARBAGE), 60)

        assert converts(made, pdf(tmp_path / "good.pdf", 1))


def command(method: str, **changes: Any) -> str:
    """A command of Celery's remote control for every worker."""
    given = {"method": method, "arguments": {}, "destination": None, **changes}
    return json.dumps(envelope(body=base64.b64encode(json.dumps(given).encode()).decode()))


def test_no_command_of_remote_control_ends_or_changes_a_worker(tmp_path: Path) -> None:
    with fleet(tmp_path, max_concurrency=2) as made:
        log = tmp_path / "workers.log"
        wait_until(lambda: "ready: engine" in log.read_text())
        before = pages_processes(made.settings)
        commands = [
            *("5", "[1, 2]", '"text"', "{}", "not json", "[" * 100_000),
            json.dumps(envelope(headers={"compression": "application/x-gzip"})),
            command("shutdown"),
            command("cancel_consumer", arguments={"queue": "pages.fake.normal"}),
            command("pool_shrink", arguments={"n": 2}),
            # This expression takes minutes for any host name.
            command("ping", matcher="pcre", pattern=r"([\w@.-]+)*!"),
        ]
        with redis.Redis.from_url(made.settings.broker_url()) as client:
            for text in commands:
                wait_until(lambda text=text: client.publish(CONTROL, text) >= 2)  # type: ignore[misc]

        assert converts(made, pdf(tmp_path / "good.pdf", 2))
        assert pages_processes(made.settings) == before
        assert "starting it again" not in log.read_text()
        assert "decompress" not in log.read_text()
