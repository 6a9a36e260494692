"""The test servers start empty, ask for their password and end with the test run."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from tests.support.paths import ROOT

STARTER = """\
import sys, time
from pathlib import Path
from tests.support.servers.processes import start_redis
server = start_redis(Path(sys.argv[1]))
print(server.process.pid, flush=True)
time.sleep(60)
"""


def is_running(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def test_a_test_starts_with_an_empty_broker(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_the_next_test_starts_with_an_empty_broker(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_the_broker_requires_its_password(redis_url: str) -> None:
    address = "redis://" + redis_url.split("@", 1)[1]
    with redis.Redis.from_url(address) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child to its parent")
def test_servers_die_with_a_killed_test_run(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as run:
        assert run.stdout is not None
        server = int(run.stdout.readline())
        assert is_running(server)
        os.kill(run.pid, signal.SIGKILL)

    deadline = time.monotonic() + 10
    while is_running(server) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert not is_running(server)
