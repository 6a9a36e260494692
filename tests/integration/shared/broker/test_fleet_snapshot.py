"""The reader of the fleet that ``pagefleet top`` and the metrics show."""

import io
import json
import socketserver
import threading
import time

import pytest
import redis
from rich.console import Console

from producer.connections import pool_warning
from producer.top.facts import top_facts
from producer.top.screen import screen
from shared.broker.dispatch_state import DispatchState
from shared.broker.liveness.heartbeats import Role
from shared.broker.snapshots.fleet_snapshot import FleetReader
from shared.console.printable import printable_lines
from shared.domain.errors import BrokerUnreachable
from shared.domain.pools import checked_pool
from shared.domain.records.job import Counts
from tests.conftest import SettingsFactory


@pytest.mark.parametrize("expires_in_s", [-1, 3600])
def test_a_worker_without_a_valid_heartbeat_is_not_live(
    settings: SettingsFactory, redis_url: str, expires_in_s: int
) -> None:
    """An expiry an hour ahead was written before the broker's clock was set back."""
    made = settings(redis_url=redis_url)
    dispatch_state = DispatchState(made)
    dispatch_state.workers.heartbeat("fake", "live", 4, {})
    dead = json.dumps({"capacity": 9, "expires": time.time() + expires_in_s, "facts": "{}"})
    with redis.Redis.from_url(redis_url) as client:
        client.hset("pagefleet:workers:fake", "dead", dead)

    (pool,) = FleetReader(made).snapshot().pools

    assert [worker.name for worker in pool.workers] == ["live"]
    assert [worker.name for worker in dispatch_state.workers.live("fake")] == ["live"]


def forged_heartbeats(live: float) -> dict[str, bytes]:
    """Heartbeats that are none of pagefleet's, by worker; those with a time expire at ``live``."""
    return {
        "no JSON": b"{",
        "no text": b"\xff\xfe",
        "nested": b"[" * 3000,
        "null": b"null",
        "a list": b"[]",
        "no capacity": json.dumps({"expires": live, "facts": "{}"}).encode(),
        "capacity": json.dumps({"capacity": "9", "expires": live, "facts": "{}"}).encode(),
        "huge": json.dumps({"capacity": 1e300, "expires": live, "facts": "{}"}).encode(),
        "negative": json.dumps({"capacity": -4, "expires": live, "facts": "{}"}).encode(),
        "expires": json.dumps({"capacity": 1, "expires": [1], "facts": "{}"}).encode(),
        "NaN": b'{"capacity": 1, "expires": NaN, "facts": "{}"}',
        "long": json.dumps({"capacity": 1, "expires": live, "facts": "x" * 100_000}).encode(),
        "n" * 5000: json.dumps({"capacity": 1, "expires": live, "facts": "{}"}).encode(),
    }


FORGED_FACTS: dict[str, object] = {
    "a": "no JSON",
    "b": 7,
    "c": json.dumps([1]),
    "d\x1b[2J": json.dumps({"model": ["m"], "host": {}, "pages_per_s": "fast", "started": "x"}),
    "e": json.dumps({"model": "\x1b]0;owned\x07", "busy": 1e400, "in_flight": True, "pages": -1}),
    "f": json.dumps({"gpus": [1, None, {"used_mb": "x"}, {"used_mb": 1, "total_mb": None}]}),
    "g": json.dumps({"gpus": {"used_mb": 1}, "model": "m" * 1000}),
    "h": json.dumps({"gpus": [{"used_mb": 1, "total_mb": 2, "busy": []}] * 1000}),
}


def test_forged_records_are_left_out_and_the_screen_has_no_control_characters(
    settings: SettingsFactory, redis_url: str
) -> None:
    made = settings(redis_url=redis_url, engine="fake")
    dispatch_state = DispatchState(made)
    live = time.time() + 28
    with redis.Redis.from_url(redis_url) as client:
        for name, heartbeat in forged_heartbeats(live).items():
            client.hset("pagefleet:workers:fake", name, heartbeat)
        for name, facts in FORGED_FACTS.items():
            beat = {"capacity": 1, "expires": live, "facts": facts}
            client.hset("pagefleet:workers:fake", name, json.dumps(beat))
        for failure in (b"{", b"7", b"\xff", b'{"time": "x"}', b'{"time": NaN, "page": []}'):
            client.lpush("pagefleet:failures", failure)
        for number, fields in enumerate(({"total": "x"}, {"total": 1}, {"total": "1e400"})):
            client.hset(f"pagefleet:job:forged{number}", mapping=fields)
            client.zadd("pagefleet:jobs:fake:normal", {f"forged{number}": "inf"})
        client.sadd("pagefleet:engines", "fake", "\x1b[31mred", b"\xff", "x" * 100_000)

    snapshot = FleetReader(made).snapshot()
    facts = top_facts(snapshot)
    text = Console(width=200, file=io.StringIO(), record=True)
    text.print(screen(facts, 200, 1000))

    assert [pool.pool for pool in snapshot.pools] == dispatch_state.pools.ids() == ["fake"]
    assert [worker["name"] for worker in facts["workers"]] == sorted(FORGED_FACTS)
    assert all(worker["capacity"] == 1 for worker in facts["workers"])
    assert (facts["failures"], facts["jobs"]) == ([], [])
    shown = text.export_text()
    assert printable_lines(shown) == shown
    assert [worker.name for worker in dispatch_state.workers.live("fake")] == sorted(FORGED_FACTS)
    assert pool_warning(dispatch_state, checked_pool("fake")) is None
    # A real worker removes what is no heartbeat and counts the others.
    with redis.Redis.from_url(redis_url) as client:
        client.delete("pagefleet:summed:fake")
        dispatch_state.workers.heartbeat("fake", "real", 4, {})
        assert int(client.get("pagefleet:depth:fake") or 0) == 2 * (4 + len(FORGED_FACTS))


def test_thousands_of_forged_pools_hide_no_engine_and_are_not_all_read(
    settings: SettingsFactory, redis_url: str
) -> None:
    made = settings(redis_url=redis_url)
    with redis.Redis.from_url(redis_url) as client:
        client.sadd("pagefleet:engines", "fake", *(f"a-{number}" for number in range(5000)))

    pools = [pool.pool for pool in FleetReader(made).snapshot().pools]

    assert "fake" in pools
    assert len(pools) == 400


def test_a_pool_whose_workers_all_return_their_pages_is_named_with_the_reason(
    settings: SettingsFactory, redis_url: str
) -> None:
    dispatch_state, pool = DispatchState(settings(redis_url=redis_url)), checked_pool("fake")
    dispatch_state.workers.heartbeat("fake", "one", 4, {"fault": "the server says 503: busy"})

    assert pool_warning(dispatch_state, pool) == (
        "warning: no worker of engine 'fake' can read pages now; they wait: "
        "the server says 503: busy"
    )

    dispatch_state.workers.heartbeat("fake", "two", 4, {})
    assert pool_warning(dispatch_state, pool) is None


def test_a_key_of_another_type_is_one_line_with_the_next_step(
    settings: SettingsFactory, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.sadd("pagefleet:engines", "fake")
        client.set("pagefleet:workers:fake", "no hash")

    with pytest.raises(BrokerUnreachable, match="not pagefleet's; delete it"):
        FleetReader(settings(redis_url=redis_url)).snapshot()


@pytest.mark.parametrize("expires_in_s", [-1, 3600])
def test_a_reducer_without_a_valid_heartbeat_is_not_live(
    settings: SettingsFactory, redis_url: str, expires_in_s: int
) -> None:
    made = settings(redis_url=redis_url)
    roles = DispatchState(made).roles
    dead = json.dumps({"expires": time.time() + expires_in_s, "facts": "{}"})
    with redis.Redis.from_url(redis_url) as client:
        client.hset("pagefleet:roles:reduce", "dead", dead)
    roles.beat(Role.SWEEP, "other", {})
    assert roles.live(Role.REDUCE) == []

    roles.beat(Role.REDUCE, "live", {"host": "a"})

    seen = FleetReader(made).snapshot().processes
    assert [(each.name, each.facts) for each in seen[Role.REDUCE]] == [("live", {"host": "a"})]
    assert [each.name for each in seen[Role.SWEEP]] == ["other"]
    with redis.Redis.from_url(redis_url) as client:
        assert client.hkeys("pagefleet:roles:reduce") == [b"live"]
    roles.leave(Role.REDUCE, "live")
    assert roles.live(Role.REDUCE) == []


def test_a_job_whose_pages_are_done_counts_as_unwritten_until_it_ends(
    settings: SettingsFactory, redis_url: str
) -> None:
    made, job_id = settings(redis_url=redis_url), f"{7:016x}-00000000"
    dispatch_state, reader = DispatchState(made), FleetReader(made)
    jobs, pages = dispatch_state.jobs, dispatch_state.pages
    jobs.open(job_id, "fake", "normal", 0.0, 1, Counts(), [], [(1, 1)])
    assert (reader.snapshot().unwritten_jobs, reader.snapshot().oldest_unwritten_s) == (0, None)

    pages.finish("fake", "normal", job_id, 1, "ok", "worker")
    assert reader.snapshot().unwritten_jobs == 1
    assert 0 <= (reader.snapshot().oldest_unwritten_s or 0) < 60

    jobs.redo(job_id, [1])
    assert reader.snapshot().unwritten_jobs == 0
    pages.finish("fake", "normal", job_id, 1, "ok", "worker")
    jobs.end(job_id)
    jobs.claim_reducer(job_id)  # by a sweeper that saw the job before it ended
    assert reader.snapshot().unwritten_jobs == 0


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*1\r\n" * 100_000])
def test_a_server_that_is_no_redis_is_one_line_with_the_next_step(
    settings: SettingsFactory, answer: bytes
) -> None:
    class Other(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made = settings(redis_url=f"redis://127.0.0.1:{server.server_address[1]}/0")

        with pytest.raises(BrokerUnreachable, match="is PAGEFLEET_REDIS_URL right"):
            FleetReader(made, hasty=True).snapshot()
        server.shutdown()
