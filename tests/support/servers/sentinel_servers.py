"""A primary, a replica and a Sentinel that promotes the replica within seconds."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from producer.local.valkey_binary import valkey_binary
from tests.support.fleets.fleet import wait_until
from tests.support.servers.processes import free_ports, kill, spawn, wait_ready

MASTER = "fleet"


@dataclass(frozen=True)
class SentinelServers:
    """Addresses of the running servers; all have the same password, the Sentinel its own."""

    ports: tuple[int, int, int]
    password: str
    sentinel_password: str
    _stack: ExitStack

    @property
    def url(self) -> str:
        """The list of Sentinels; the first one does not run."""
        (dead,) = free_ports(1)
        return (
            f"sentinel://:{self.password}@127.0.0.1:{dead}/0;sentinel://127.0.0.1:{self.ports[2]}"
        )

    def client(self, which: int) -> Any:
        """A redis.Redis of the first primary (0), the first replica (1) or the Sentinel (2)."""
        password = self.sentinel_password if which == 2 else self.password
        return redis.Redis(port=self.ports[which], password=password, decode_responses=True)

    def kill_primary(self) -> None:
        """End the first primary without a word."""
        self._stack.close()


@contextmanager
def sentinel_servers(folder: Path) -> Iterator[SentinelServers]:
    """Runs them while the block runs."""
    password, own = secrets.token_hex(16), secrets.token_hex(16)
    first, second, sentinel = free_ports(3)
    data = f'requirepass {password}\nprimaryauth {password}\nsave ""\nappendonly no\n'
    watch = (
        f"sentinel monitor {MASTER} 127.0.0.1 {first} 1\nsentinel auth-pass {MASTER} {password}\n"
        f"sentinel down-after-milliseconds {MASTER} 700\n"
        f"sentinel failover-timeout {MASTER} 3000\nrequirepass {own}\n"
    )
    with ExitStack() as stack, ExitStack() as primary:
        servers = SentinelServers((first, second, sentinel), password, own, primary)
        _start(primary, folder / "primary", first, data)
        _start(stack, folder / "replica", second, f"{data}replicaof 127.0.0.1 {first}\n")
        wait_until(lambda: servers.client(1).info("replication")["master_link_status"] == "up", 20)
        _start(stack, folder / "sentinel", sentinel, watch, "--sentinel")
        wait_until(lambda: servers.client(2).sentinel_master(MASTER)["num-slaves"] == 1, 20)
        yield servers


def _start(stack: ExitStack, folder: Path, port: int, lines: str, *options: str) -> None:
    folder.mkdir()
    config = folder / "valkey.conf"
    config.write_text(f'bind 127.0.0.1\nport {port}\ndir "{folder}"\n{lines}')
    process = spawn([str(valkey_binary()), str(config), *options], folder / "log", {})
    stack.callback(kill, process)
    wait_ready(process, lambda: _answers(port))


def _answers(port: int) -> bool:
    try:
        return bool(redis.Redis(port=port, socket_timeout=1).ping())
    except redis.AuthenticationError:
        return True
    except redis.ConnectionError:
        return False
